"""Which nodes compute what each library computes: a file for each sort of estimator."""
