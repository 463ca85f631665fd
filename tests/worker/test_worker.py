import subprocess
import sys


def test_a_worker_loads_torch_and_no_more():
    """What it does not need would take each worker of a search two seconds to load."""
    program = (
        "import sys, nas_tc.worker\n"
        "needless = {'matplotlib', 'optuna', 'pandas', 'pyarrow', 'ray', 'scipy', 'sklearn'}\n"
        "sys.exit(str(needless & set(sys.modules)) if needless & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
