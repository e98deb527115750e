//! Temporary repositories for the tests of this module. Real git is the oracle.
