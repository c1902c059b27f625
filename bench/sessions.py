"""Set-ups of sessions: how long one takes, one with a lost packet, two hundred and fifty at once."""
from bench import worlds
from bench.report import percentile

PPPD_MS = 3026
AGAINST = "pppd 2.4.9 kernel mode with rp-pppoe (median 3026 ms)"


ROUND = worlds.names(5)  # taken in turn: an uplink sends one PADI a second at most


def redial_rounds(isp, router, count, before=lambda: None):
    """Ends sessions and lets them come again, one at a time: milliseconds of each."""
    have = len(isp.setups())
    for number in range(count):
        name = ROUND[number % len(ROUND)]
        before()
        router.command(name, "redial")
        isp.wait_setups(have + number + 1, 20)
        router.wait_state(name, "up", 5)
    return isp.setups()[have:]


def setup(report, build, rounds):
    config = worlds.ROUTER + "".join(worlds.uplink(name) for name in ROUND)
    with worlds.world_of(build, config, ROUND) as (_, isp, router):
        router.start()
        router.wait_up(*ROUND)
        taken = redial_rounds(isp, router, rounds)
        report.add("setup.ms.p50", percentile(taken, 0.5), "ms", 25, AGAINST, measured_against=PPPD_MS)
        report.add("setup.ms.p99", percentile(taken, 0.99), "ms", 60, AGAINST, measured_against=PPPD_MS)
        report.note(f"{len(taken)} set-ups, {min(taken):.1f} to {max(taken):.1f} ms")
        lost = redial_rounds(isp, router, max(5, rounds // 4), lambda: isp.ac.command(command="set", drop_config_requests=1))
        if min(lost) < 100:
            raise RuntimeError("a set-up was too quick to have lost its first Configure-Request")
        report.add("setup.lost_first.ms.p50", percentile(lost, 0.5), "ms", 600, AGAINST, measured_against=PPPD_MS)
        report.note(f"{len(lost)} set-ups, {min(lost):.1f} to {max(lost):.1f} ms")
        router.stop()


RUNS = 5
REPEATED_MS = 2500  # a set-up that takes longer waited for the restart timer of 3 s: a frame was lost


def many(report, build, count=250, runs=RUNS):
    """From the start of the process to the last session's IPCP, then until the kernel has all of it; the longest of several."""
    taken = [burst(report, build, count) for _ in range(runs)]
    report.add("sessions250.s", max(all_up for all_up, _ in taken), "s", 1, f"the limit, in the longest of {runs} runs")
    report.add("sessions250.repeated", sum(repeated for _, repeated in taken), "sessions", 0, f"{runs * count} set-ups")


def burst(report, build, count):
    uplinks = worlds.names(count)
    config = worlds.ROUTER + "".join(worlds.uplink(name) for name in uplinks)
    with worlds.world_of(build, config, uplinks) as (_, isp, router):
        begun = worlds.now()
        router.start(wait=False)
        isp.wait_setups(count, 60, every=0.02)
        up = worlds.now() - begun
        router.wait_count(count, 60)
        all_up = worlds.now() - begun
        router.wait_settled(60)
        settled = worlds.now() - begun
        report.note(f"{count} sessions: the concentrator had them after {up:.2f} s, michid called them up after "
                    f"{all_up:.2f} s, the kernel had all routes, rules and nft elements after {settled:.2f} s")
        repeated = sum(each > REPEATED_MS for each in isp.setups())
        router.stop(20)
    return all_up, repeated
