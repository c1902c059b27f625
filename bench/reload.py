"""A reload that changes one uplink of sixty-four: how long, and what the others' streams lose."""
import time

from bench import worlds
from bench.report import percentile
from bench.streams import Streams
from lab.world import WEB

COUNT = 64
FIRST_PORT = 20000
PERIOD = 0.01


def config(uplinks, mtu):
    text = worlds.ROUTER + worlds.LAN
    for number, name in enumerate(uplinks):
        text += worlds.uplink(name, **({"mtu": mtu} if number == COUNT - 1 else {}))
    for number, name in enumerate(uplinks):
        text += f'[[policy]]\nproto = "udp"\nport = {FIRST_PORT + number}\nuse = ["{name}"]\n'
    return text


def one_of_many(report, build, rounds):
    uplinks = worlds.names(COUNT)
    changed = uplinks[-1]
    with worlds.world_of(build, config(uplinks, 1454), uplinks) as (world, _, router):
        router.start()
        router.wait_up(*uplinks, seconds=30)
        taken = []
        specs = [("lan-a", "internet", WEB, FIRST_PORT + n, PERIOD) for n in range(COUNT - 1)]
        with Streams(world, specs) as streams:
            for number in range(rounds):
                time.sleep(1.1)  # an uplink sends one PADI a second at most
                mtu = 1400 if number % 2 == 0 else 1454
                router.write_config(config(uplinks, mtu))
                begun = worlds.now()
                answer = router.reload()
                if [change["uplink"] for change in answer["changes"]] != [changed]:
                    raise RuntimeError(f"the reload changed {answer['changes']}")
                router.wait_until_mtu(changed, mtu)
                taken.append((worlds.now() - begun) * 1000)
            records = streams.stop()
        router.stop(20)
    lost, sent = sum(r["lost"] for r in records), sum(r["sent"] for r in records)
    report.add("reload64.ms", percentile(taken, 0.5), "ms", 100, "the limit")
    report.note(f"{len(taken)} reloads that redial one of {COUNT} (new MTU): {min(taken):.0f} to {max(taken):.0f} ms until it "
                "is up and the kernel has all of it")
    report.add("reload64.lost", lost, "packets", 0, f"{sent} packets on {COUNT - 1} other uplinks")
