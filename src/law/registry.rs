//! All laws, in the order of the documentation's table.

use super::*;

/// Every law of every edition. `explain` lists them; the judge runs them.
pub fn registry() -> &'static [&'static Law] {
    &REGISTRY
}

static REGISTRY: [&Law; 39] = [
    &l1_learnings::LAW,
    &l2_improve::LAW,
    &l3_context::LAW,
    &l4_loops::LAW,
    &l5_suggestions::LAW,
    &r1_readonly::LAW,
    &r2_generated::LAW,
    &r3_semantic::LAW,
    &n1_namespace::LAW,
    &n2_shared_paths::LAW,
    &e1_write_once::LAW,
    &e2_form::LAW,
    &e3_chain::LAW,
    &e4_transition::LAW,
    &e5_actors::LAW,
    &e6_forks::LAW,
    &e7_tree::LAW,
    &e8_evidence::LAW,
    &e9_merges::LAW,
    &e10_beginnings::LAW,
    phase::LAWS[0],
    phase::LAWS[1],
    phase::LAWS[2],
    phase::LAWS[3],
    phase::LAWS[4],
    phase::LAWS[5],
    phase::LAWS[6],
    phase::LAWS[7],
    phase::LAWS[8],
    &g1_votes::LAW,
    &g2_void_votes::LAW,
    &g3_governed::LAW,
    &g4_amends::LAW,
    &g5_versions::LAW,
    &v1_verdicts::LAW,
    &s1_secrets::LAW,
    &y1_syntax::LAW,
    &b1_budget::LAW,
    &t1_trailers::LAW,
];
