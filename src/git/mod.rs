//! The only user of gix and of the git command. Implements the model's views.
