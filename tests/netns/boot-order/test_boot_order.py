"""Whatever answers first: a name keeps its address, its table and its mark."""
import random
import shutil

from harness import rounds
from lab.world import ADDRESS

WORLD = {"start": False}


def tables(router):
    """uplink → table, as the rules for bound sockets say."""
    found = {}
    for line in router.michi_rules():
        words = line.split()
        if "oif" in words and "lookup" in words:
            found[words[words.index("oif") + 1]] = words[words.index("lookup") + 1]
    return found


def test_boot_order_never_swaps_roles(lab):
    dice = random.Random(2)
    router = lab.router
    names, first = list(lab.world.acs), None
    for number in range(rounds(4, 50)):
        for name in names:
            lab.ac(name).kill()
        if number % 2:
            shutil.rmtree(router.run_directory)
            router.run_directory.mkdir()
        router.start()
        dice.shuffle(names)
        for name in names:
            lab.ac(name).start()
        router.wait_up("isp", "office", "flets", seconds=15)
        for name, address in ADDRESS.items():
            assert address in router.space.run("ip", "-4", "addr", "show", name), f"{name} in order {names}"
        first = first or tables(router)
        assert tables(router) == first, f"round {number}, order {names}"
        router.stop()
