"""The matrix: every cell by name, in groups; a group's module registers its own."""
import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Cell:
    name: str
    run: typing.Callable  # (build directory) → words for the table; raises on failure
    kind: str | None      # which guest it needs: "uml", "qemu" or none
    tools: tuple          # host's programs
    core: bool            # part of `--core`
    limit: int            # seconds, all in all


REGISTRY = {}
TOOLS = {"uml": ("ping", "tcpdump"), "qemu": ("qemu-system-x86_64", "ldd"), None: ("tcpdump",)}


def cell(name, run, kind="uml", tools=(), core=False, limit=120):
    assert name not in REGISTRY, name
    REGISTRY[name] = Cell(name, run, kind, (*TOOLS[kind], *tools), core, limit)


def every():
    """All cells, in the order of the table."""
    import cells_client  # noqa: F401
    import cells_trouble  # noqa: F401
    import cells_server  # noqa: F401
    import cells_machine  # noqa: F401
    import cells_lan  # noqa: F401
    import cells_prefix  # noqa: F401
    return REGISTRY
