"""UDP streams through a world, sent and recorded by michi-bench-stream."""
import json
import subprocess


class Streams:
    """`specs`: (from role, to role, address, port, period in seconds[, the receiver's own address where it is another]).
    `stop` gives one record per spec."""

    def __init__(self, world, specs):
        argv = [str(world.build / "bench/michi-bench-stream")]
        for source, target, address, port, period, *own in specs:
            argv.append(",".join([world.space(source).name, world.space(target).name, address, str(port),
                                  str(int(period * 1e6)), *own]))
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            raise RuntimeError(f"michi-bench-stream: status {self.child.wait()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    def stop(self):
        answer, _ = self.child.communicate("", timeout=20)
        return [json.loads(line) for line in answer.splitlines()]
