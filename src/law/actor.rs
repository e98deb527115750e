use crate::model::name::Principal;
pub(crate) enum CommitActor {
    Agent(Option<Principal>),
    Human(Option<Principal>),
}
impl CommitActor {
    pub(crate) fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Agent(p) | Self::Human(p) => p.as_ref(),
        }
    }
}
pub(crate) fn commit_actor(_c: &super::Case<'_>, _i: usize) -> CommitActor {
    CommitActor::Human(None)
}
