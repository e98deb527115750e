//! How well a profile routes that the classifier never heard of. Each built-in profile in turn is taken for one: a model
//! learns without its texts, and its description and examples are all that speaks for it.

use agentops::model::name::ProfileName;
use agentops::routing::evaluation::Gold;
use agentops::routing::model::{Model, PROFILES};
use agentops::routing::signals::{Taught, route};

use super::trainer::{self, Lesson, Lexicon, Settings};

/// How many texts of the profiles in the place of the new one, and of the three others, were routed right, and of how many.
/// Every second text of the first source is learned from, the others are asked.
pub(crate) fn by_examples(lessons: &[Lesson], lexicon: &Lexicon) -> [(usize, usize); 2] {
    let mut found = [(0, 0); 2];
    for (place, name) in PROFILES.iter().enumerate() {
        let is_of = |gold: Gold| match gold {
            Gold::One(one) => one == place,
            Gold::Two(one, other) => one == place || other == place,
            Gold::Other => false,
        };
        let is_asked = |(at, lesson): (usize, &Lesson)| lesson.is_first && at % 2 == 1;
        let seen = lessons.iter().enumerate().filter(|one| !is_asked(*one) && !is_of(one.1.gold));
        let seen: Vec<Lesson> = seen.map(|(_, lesson)| lesson.clone()).collect();
        let bytes = trainer::train(&seen, lexicon, Settings::CHOSEN, String::new()).bytes();
        let model = Model::read(&bytes).expect("what was just written");
        let texts = texts_of(name);
        let own = ProfileName::parse("own").expect("a name");
        let known: Vec<ProfileName> = PROFILES.iter().map(|name| ProfileName::parse(name).expect("a name")).collect();
        let others = known.iter().enumerate().filter(|(other, _)| *other != place);
        let mut profiles: Vec<Taught<'_>> = others.map(|(_, name)| Taught { name, texts: Vec::new() }).collect();
        profiles.push(Taught { name: &own, texts: texts.iter().map(String::as_str).collect() });
        for (_, lesson) in lessons.iter().enumerate().filter(|one| is_asked(*one)) {
            let Gold::One(gold) = lesson.gold else { continue };
            let (route, _) = route(&model, &lesson.text, &profiles, Vec::new());
            let best = route.candidates.first().map(|best| &best.profile);
            let (right, all) = &mut found[usize::from(gold != place)];
            *right += usize::from(best == Some(if gold == place { &own } else { &known[gold] }));
            *all += 1;
        }
    }
    found
}

/// The description and the examples of a built-in profile.
fn texts_of(name: &str) -> Vec<String> {
    let path = format!("{}/profiles/{name}/profile.toml", env!("CARGO_MANIFEST_DIR"));
    let file: toml::Table = std::fs::read_to_string(path).expect("a profile").parse().expect("TOML");
    let texts = [&file["description"]].into_iter().chain(file["examples"].as_array().expect("a list"));
    texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
}
