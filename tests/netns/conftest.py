"""The `lab` fixture. A test module may say `WORLD = {…}` (arguments of Lab); `lab` is a started router in it."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Lab  # noqa: E402


def pytest_configure(config):
    if os.geteuid() != 0:
        pytest.exit("SKIPPED EVERYTHING: scenarios need root to make network namespaces", returncode=77)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call":
        item.failed_here = report.failed


@pytest.fixture
def lab(request):
    folder = pathlib.Path(request.fspath).parent
    marker = request.node.get_closest_marker("world")
    options = {**getattr(request.module, "WORLD", {}), **(marker.kwargs if marker else {})}
    functions = [name for name in vars(request.module) if name.startswith("test_")]
    name = folder.name if len(functions) == 1 else f"{folder.name}/{request.node.name}".replace("[", "-").replace("]", "")
    with Lab(folder, name, **options) as made:
        yield made
        if getattr(request.node, "failed_here", True):
            print(f"\nleft in {made.collect()}")
            return
        try:
            made.check_laws()
        except BaseException:
            print(f"\nleft in {made.collect()}")
            raise
