//! Pure rules: the phase graph, legal transitions, folding events to a state, votes against policy.
