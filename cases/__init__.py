"""The domain of a public-complaint service: pure, without clock, input/output or engine.

`decide` turns a command into events or a refusal, `evolve` folds events into a case,
`deadlines` recomputes every limit from what happened. Everything else here is vocabulary.
"""
