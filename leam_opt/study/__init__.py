"""Studies: questions that take many solves of the same case. They know the solving room and no formulation."""
