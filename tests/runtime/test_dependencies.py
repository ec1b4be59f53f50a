"""The runtime needs NumPy and nothing else."""

import subprocess
import sys
from pathlib import Path

import sangi.runtime

PROBE = """
import importlib, pkgutil, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in ("numpy", "sangi"):
            return None
        if root.startswith("__editable__"):
            return None
        raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Block())
import sangi.runtime
names = [m.name for m in pkgutil.walk_packages(sangi.runtime.__path__, "sangi.runtime.")]
for name in names:
    importlib.import_module(name)
foreign = {name.partition(".")[0] for name in sys.modules if "sangi.compiler" in name}
assert not foreign, foreign
print(len(names))
"""


def test_runtime_imports_with_numpy_alone():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path(sangi.runtime.__file__).parent
    modules = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    assert int(done.stdout) >= len(modules)
