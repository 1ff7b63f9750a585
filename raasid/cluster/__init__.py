"""SLURM: submit commands as jobs, and say truthfully what became of them."""
