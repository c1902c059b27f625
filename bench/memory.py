"""Memory: michid with a few uplinks and ten thousand closed routes, and what one more session costs."""
import re

from bench import worlds


def base(report, build):
    uplinks = worlds.names(5)
    config = worlds.ROUTER + worlds.LAN + "".join(
        worlds.uplink(name, **({"routes_file": '"closed.routes"', "default_route": "false"} if name == "u004" else {}))
        for name in uplinks)
    with worlds.world_of(build, config, uplinks) as (world, _, router):
        (world.directory / "closed.routes").write_text("\n".join(worlds.closed_prefixes(10_000)) + "\n")
        router.start()
        router.wait_up(*uplinks, seconds=60)
        router.quiet_kib()
        pss = router.pss_kib() / 1024
        report.add("rss.base.mib", pss, "MiB", 14, "the limit")
        report.note(f"PSS with 5 uplinks and 10,000 closed routes; private {router.private_kib() / 1024:.1f} MiB, peak "
                    f"{peak_mib(router.process.pid):.1f} MiB resident")
        router.stop(20)


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"^VmHWM:\s+(\d+)", status.read(), re.M)[1]) / 1024


def private_with(build, count):
    uplinks = worlds.names(count)
    config = worlds.ROUTER + "".join(worlds.uplink(name) for name in uplinks)
    with worlds.world_of(build, config, uplinks) as (_, _, router):
        router.start()
        router.wait_up(*uplinks, seconds=60)
        memory = router.quiet_kib()
        router.stop(20)
        return memory


def per_session(report, build, few=50, many=250):
    less, more = private_with(build, few), private_with(build, many)
    report.add("rss.session.kib", (more - less) / (many - few), "KiB", 40, "the limit")
    report.note(f"private pages: {less} KiB with {few} sessions, {more} KiB with {many}")
