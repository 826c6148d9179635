"""The type checker: from the syntax tree of a function's body to the typed tree. Inference is local."""
