"""How fast reliakit is, beside what people use today: `python -m benchmarks --help`.

Each subcommand is a module of this package with one function,

    def run(smoke: bool) -> list[Table]

which measures and returns tables (`benchmarks.table`). `smoke` asks for few calls and one round, in seconds, with
what is installed already: it proves that the benchmark works and says nothing about speed. A table's `problems`
are failures of reliakit or of the benchmark itself and make the command exit with 1; a peer that can't be measured
is a row that says why, and a missed budget is a line that says by how much.
"""
