//! What is kept outside the tree, below git's common folder: the writers' lock, the open session, hand-overs between hooks.
