"""The house: floors, cycles, packages, and what ``import sangi.runtime`` needs."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

import sangi

ROOT = Path(__file__).parents[1]
FLOORS = {
    "runtime": {"runtime"},
    "boards": {"boards", "runtime.errors"},
    "hdl": {"hdl", "boards", "runtime.protocol", "runtime.registers", "runtime.numerics"},
    "sim": {"sim", "hdl", "runtime"},
    "compiler": {"compiler", "sim", "hdl", "boards", "runtime"},
}
"""What the modules of a folder may import of sangi."""


def modules() -> dict[str, Path]:
    """Every module of the package by its name below ``sangi``."""
    found = {}
    for folder in FLOORS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(module: str, path: Path, *, typing_only: bool = True) -> Iterator[str]:
    """Yield the modules of sangi that a file imports, as names below ``sangi``."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    known = modules()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set() if typing_only else set(_guarded(tree))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] != "sangi", f"{path} must import relatively"
        if isinstance(node, ast.ImportFrom):
            if node.level == 0:
                top = (node.module or "").split(".")[0]
                assert top != "sangi", f"{path} must import relatively"
                continue
            base = package[: len(package) - node.level + 1]
            base = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                yield inner if inner in known else ".".join(base)


def _guarded(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                yield from ast.walk(statement)


def below(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("floor", FLOORS)
def test_no_folder_imports_one_above_it(floor: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in modules().items()
        if below(module, {floor})
        for name in imports(module, path)
        if not below(name, FLOORS[floor])
    ]
    assert wrong == []


def test_no_two_files_import_each_other() -> None:
    graph = nx.DiGraph()
    for module, path in modules().items():
        for name in imports(module, path, typing_only=False):
            graph.add_edge(module, name)
    assert graph.number_of_edges() > 100
    groups = [sorted(group) for group in nx.strongly_connected_components(graph)]
    assert [group for group in groups if len(group) > 1] == []
    assert list(nx.selfloop_edges(graph)) == []


def test_engine_parameters_schedules_and_costs_do_without_amaranth() -> None:
    light = [
        module for module in modules() if module.split(".")[-1] in {"params", "schedule", "cost"}
    ]
    assert len(light) > 20
    names = ", ".join(f"sangi.{module}" for module in light)
    code = f"import sys; sys.modules['amaranth'] = None\nimport {names}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_runtime_needs_nothing_but_numpy() -> None:
    code = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {"sangi", "numpy"}:
            raise ImportError(f"{name} is blocked")

import numpy
sys.meta_path.insert(0, Blocked())
import sangi.runtime, pkgutil, importlib
for info in pkgutil.walk_packages(sangi.runtime.__path__, "sangi.runtime."):
    importlib.import_module(info.name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pyproject_lists_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.parent.relative_to(ROOT) for path in modules().values()}
    missing = [folder for folder in folders if not (ROOT / folder / "__init__.py").exists()]
    assert missing == []
    expected = {"sangi", *(".".join(["sangi", *folder.parts]) for folder in folders)}
    listed = project["tool"]["setuptools"]["packages"]
    assert listed == sorted(listed)
    assert set(listed) == expected
    assert project["project"]["version"] == sangi.__version__


def test_the_public_face_is_there() -> None:
    assert set(sangi.__all__) == {
        "Accelerator",
        "__version__",
        "compile",
        "compress",
        "load",
        "simulate",
    }
    for name in sangi.__all__:
        assert getattr(sangi, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        sangi.nonsense  # noqa: B018
