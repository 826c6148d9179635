"""The lowering: from the typed tree to LLVM IR text, one file for each concern."""
