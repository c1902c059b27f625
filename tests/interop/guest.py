"""A throw-away guest: another kernel, booted in seconds, that runs shell jobs for a cell.

The console carries the names of jobs, the shared folder their text, output and status. The guest ends
when its console does, so it does not outlive the runner; its process group is killed in any case.
"""
import os
import pathlib
import shutil
import signal
import subprocess

from lab.process import NotReached, Process, wait_until

HERE = pathlib.Path(__file__).resolve().parent
BOOT_SECONDS = {"uml": 20, "qemu": 60}


class JobFailed(AssertionError):
    pass


class Guest:
    """`space`: the namespace whose tap device `nic` is the guest's network card (User-Mode Linux only). `more`: QEMU's further arguments."""

    def __init__(self, root, directory, kind="uml", space=None, nic=None, mtu=1500, memory=192, more=()):
        self.kind, self.share = kind, pathlib.Path(directory) / f"{kind}-share"
        self.jobs = 0
        self.share.mkdir()
        shutil.copy(HERE / "guest/lib.sh", self.share)
        shutil.copy(HERE / "guest/pppd-in-kernel", self.share)
        log = pathlib.Path(directory) / f"{kind}-console.log"
        argv = self._uml(root, directory, nic, mtu, memory) if kind == "uml" else [*self._qemu(root, memory), *more]
        shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
        roomy = shm and shm.f_bavail * shm.f_frsize > 2 * memory * 1024 * 1024
        env = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "TMPDIR": "/dev/shm" if roomy else str(directory)}
        # Not killed with the runner: the kernel's helpers would stay. The end of its console ends it in order.
        self.process = Process(space.argv(argv) if space else argv, log, keep=True, env=env, stdin=subprocess.PIPE)
        try:
            wait_until(self._booted, BOOT_SECONDS[kind], f"{kind} guest booted", every=0.01, tell=self.last_words)
        except BaseException:
            self.end()
            raise

    def _booted(self):
        if not self.process.running():
            raise JobFailed(f"the guest does not boot: {self.last_words()}")
        return (self.share / "ready").exists()

    def _uml(self, root, directory, nic, mtu, memory):
        argv = [root / "linux.uml", f"mem={memory}M", "root=/dev/root", "rootfstype=hostfs", f"rootflags={root / 'root'}", "ro",
                "con=null", "con0=fd:0,fd:1", "init=/sbin/uml-init", f"share={self.share}", "panic=-1", "quiet",
                f"uml_dir={directory}/uml/", "umid=guest"]
        if nic:
            # Not transport=raw: it hears its own frames, and a bridge in the guest then looks for its hosts on the wrong port.
            argv.append(f"vec0:transport=tap,ifname={nic},depth=128,gro=1,mtu={mtu},mac=02:00:00:00:00:0a")
        return argv

    def _qemu(self, root, memory):
        def folder(name, path, more=""):
            return ["-fsdev", f"local,id={name},path={path},security_model=none,multidevs=remap{more}",
                    "-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]
        # -M pc: microvm hangs now and then while it measures the clock under TCG.
        return ["qemu-system-x86_64", "-M", "pc", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel",
                "tcg", "-cpu", "max", "-m", memory, "-smp", "1", "-kernel", root / "vmlinux", "-initrd", root / "initrd",
                "-append", "console=ttyS0 reboot=t panic=-1 quiet", "-serial", "stdio",
                *folder("root", root / "root", ",readonly=on"), *folder("share", self.share)]

    def run(self, text, seconds=20, check=True):
        """Runs shell text with lib.sh in the guest; its output, or (status, output) without `check`."""
        self.jobs += 1
        name = f"job{self.jobs}"
        (self.share / name).write_text(f". /share/lib.sh\n{text}\n")
        try:
            self.process.child.stdin.write(name.encode() + b"\n")
            self.process.child.stdin.flush()
        except OSError:
            raise JobFailed(f"the guest has ended: {self.last_words()}") from None
        answer, output = self.share / f"{name}.rc", self.share / f"{name}.out"

        def question():
            if not self.process.running():
                raise JobFailed(f"the guest ended during {text!r}: {self.last_words()}")
            return answer.exists()
        wait_until(question, seconds, f"guest job {text!r}", every=0.01, tell=lambda: self._read(output)[-400:] + self.last_words())
        status, shown = int(answer.read_text()), self._read(output)
        if check and status != 0:
            raise JobFailed(f"{text!r} in the guest: status {status}: {shown.strip()[-500:]}")
        return shown if check else (status, shown)

    def wait(self, text, seconds, what):
        """Until the shell text succeeds; asked inside the guest."""
        status, shown = self.run(f"within {seconds} {text}", seconds + 10, check=False)
        if status != 0:
            raise NotReached(f"{what}: not within {seconds:g} s; {shown.strip()[-300:]}")

    @staticmethod
    def _read(path):
        return path.read_text(errors="replace") if path.exists() else ""

    def last_words(self):
        return self.process.log_text()[-500:]

    def end(self):
        try:
            self.process.child.stdin.write(b"end\n")
            self.process.child.stdin.close()
        except OSError:
            pass
        self.process.wait(3)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own group: the kernel's helpers are in it
        except ProcessLookupError:
            pass
        self.process.wait(3)
