"""Ten thousand closed prefixes: from the request to the kernel that has them all."""
from bench import worlds


def ten_thousand(report, build, count=10_000):
    uplinks = ["isp", "flets"]
    plain = worlds.ROUTER + worlds.LAN + worlds.uplink("isp") + worlds.uplink("flets", default_route="false")
    full = worlds.ROUTER + worlds.LAN + worlds.uplink("isp") + worlds.uplink("flets", default_route="false",
                                                                            routes_file='"closed.routes"')
    with worlds.world_of(build, plain, uplinks) as (world, _, router):
        (world.directory / "closed.routes").write_text("\n".join(worlds.closed_prefixes(count)) + "\n")
        router.start()
        router.wait_up(*uplinks)
        rounds = []
        for _ in range(3):
            router.write_config(full)
            begun = worlds.now()
            router.reload()
            answered = worlds.now() - begun
            router.wait_settled(60)
            rounds.append(worlds.now() - begun)
            have = len(router.space.run("ip", "-4", "route", "show", "proto", "109", "table", "all", "dev", "flets").splitlines())
            if have < count:
                raise RuntimeError(f"only {have} of {count} routes are in the kernel")
            report.note(f"{rounds[-1]:.3f} s for {count} prefixes ({answered:.3f} s until the file was read)")
            router.write_config(plain)
            router.reload()
            router.wait_settled(60)
        report.add("routes10k.s", sorted(rounds)[1], "s", 1, "the limit")
        router.stop(20)
