"""Every attack by its name, and the worlds in which several of them go on at once."""
import dataclasses

import attacks_discovery
import attacks_lcp
import attacks_session
import floods


@dataclasses.dataclass(frozen=True)
class Attack:
    name: str
    make: type

    @property
    def intruder(self):
        return issubclass(self.make, floods.Flood)


WORLDS = {
    "discovery": attacks_discovery.WORLD, "lcp": attacks_lcp.WORLD, "auth": attacks_session.AUTH, "open": attacks_session.OPEN,
    "strangers": floods.DISCOVERY, "fast": floods.FAST_OFFERS, "forged": floods.FORGED, "sessions": floods.SESSION,
}
ATTACKS = {name: Attack(name, make) for world in WORLDS.values() for name, make in world.items()}


def number(name):
    """One octet that is this attack's alone."""
    return list(ATTACKS).index(name) + 1
