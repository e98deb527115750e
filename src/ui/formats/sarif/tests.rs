//! SARIF read back strictly, by what its schema allows.

use proptest::prelude::*;
use serde_json::Value;

use super::super::testing::{reports, sample};
use super::super::{Format, verdict};
use super::*;

fn printed(report: &Report) -> Value {
    serde_json::from_str(&verdict(report, Format::Sarif).unwrap()).unwrap()
}

/// Holds an object to the properties that the schema has for it, of which `needed` must be there.
fn is_object(value: &Value, needed: &[&str], others: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    for name in needed {
        assert!(object.contains_key(*name), "`{name}` is missing in {value}");
    }
    for name in object.keys() {
        assert!(needed.contains(&name.as_str()) || others.contains(&name.as_str()), "`{name}` in {value}");
    }
}

fn is_level(value: &Value) {
    assert!(["none", "note", "warning", "error"].contains(&value.as_str().unwrap()), "{value}");
}

/// What the schema says of the parts that are printed; `additionalProperties` is false in all of them.
fn holds_to_the_schema(log: &Value) {
    is_object(log, &["version", "runs", "$schema"], &[]);
    assert_eq!(log["version"], "2.1.0");
    for run in log["runs"].as_array().unwrap() {
        is_object(run, &["tool", "invocations", "results"], &[]);
        is_object(&run["tool"], &["driver"], &[]);
        is_object(&run["tool"]["driver"], &["name", "version", "rules"], &[]);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            is_object(rule, &["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"], &[]);
            is_object(&rule["help"], &["text", "markdown"], &[]);
            is_level(&rule["defaultConfiguration"]["level"]);
            assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= LONGEST_DESCRIPTION);
        }
        for notification in run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap() {
            is_object(notification, &["level", "message"], &[]);
            is_level(&notification["level"]);
        }
        for result in run["results"].as_array().unwrap() {
            let needed = ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"];
            is_object(result, &needed, &[]);
            is_level(&result["level"]);
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            is_object(&result["locations"][0], &["physicalLocation"], &["logicalLocations"]);
            let physical = &result["locations"][0]["physicalLocation"];
            is_object(physical, &["artifactLocation"], &["region"]);
            is_object(&physical["artifactLocation"], &["uri", "uriBaseId"], &[]);
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{uri}");
            if let Some(region) = physical.get("region") {
                is_object(region, &["startLine"], &[]);
                assert!(region["startLine"].as_u64().unwrap() >= 1);
            }
            assert!(result["partialFingerprints"].as_object().unwrap().values().all(Value::is_string));
        }
    }
}

fn decoded(uri: &str) -> Vec<u8> {
    let bytes = uri.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&uri[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[test]
fn findings_point_where_people_look() {
    let log = printed(&sample());
    holds_to_the_schema(&log);
    let mut results = log["runs"][0]["results"].clone();
    // Another law moves the indices; that they name the rule was checked above.
    results
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(|result| drop(result.as_object_mut().unwrap().remove("ruleIndex")));
    insta::assert_snapshot!(serde_json::to_string_pretty(&results).unwrap(), @r#"
    [
      {
        "level": "error",
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "src/a%20b.toml",
                "uriBaseId": "%SRCROOT%"
              },
              "region": {
                "startLine": 7
              }
            }
          }
        ],
        "message": {
          "text": "a key, twice: `x`\nTo mend it: remove one"
        },
        "partialFingerprints": {
          "agentopsFinding/v1": "40469649188ee4b99afc6b48c99b4d20",
          "primaryLocationLineHash": "40469649188ee4b99afc6b48c99b4d20"
        },
        "ruleId": "AO-Y1"
      },
      {
        "level": "error",
        "locations": [
          {
            "logicalLocations": [
              {
                "fullyQualifiedName": "2222222222222222222222222222222222222222",
                "name": "message of commit 222222222222, line 3"
              }
            ],
            "physicalLocation": {
              "artifactLocation": {
                "uri": ".agentops/format.toml",
                "uriBaseId": "%SRCROOT%"
              }
            }
          }
        ],
        "message": {
          "text": "message of commit 222222222222, line 3: `Context:` says 100% <nothing>"
        },
        "partialFingerprints": {
          "agentopsFinding/v1": "db6f20722a722a768977f91c429f05ea",
          "primaryLocationLineHash": "db6f20722a722a768977f91c429f05ea"
        },
        "ruleId": "AO-L3"
      },
      {
        "level": "warning",
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": ".agentops/format.toml",
                "uriBaseId": "%SRCROOT%"
              }
            }
          }
        ],
        "message": {
          "text": "two tasks plan it\nTo mend it: agree\nwith each other"
        },
        "partialFingerprints": {
          "agentopsFinding/v1": "6036bf3b54ccabc2bfb522241c9ff254",
          "primaryLocationLineHash": "6036bf3b54ccabc2bfb522241c9ff254"
        },
        "ruleId": "AO-N2"
      }
    ]
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["invocations"]).unwrap(), @r#"
    [
      {
        "executionSuccessful": true,
        "toolExecutionNotifications": [
          {
            "level": "note",
            "message": {
              "text": "not checked: the clone is shallow"
            }
          },
          {
            "level": "note",
            "message": {
              "text": "votes are not signed"
            }
          },
          {
            "level": "note",
            "message": {
              "text": "fail: 2 errors, 1 warning in 2 commits (111111111111..222222222222)"
            }
          }
        ]
      }
    ]
    "#);
}

#[test]
fn every_law_is_a_rule_with_help() {
    let log = printed(&Report::default());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), registry().len());
    for (rule, law) in rules.iter().zip(registry()) {
        let help = rule["help"]["text"].as_str().unwrap();
        assert!([law.rule, law.passes, law.fails].iter().all(|part| help.contains(part)), "{help}");
    }
}

#[test]
fn what_code_scanning_would_refuse_is_left_out_and_said() {
    let mut report = sample();
    let warning = report.violations.pop().unwrap();
    report.violations = vec![warning; MOST_RESULTS];
    report.violations.extend(sample().violations);
    let log = printed(&report);
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), MOST_RESULTS);
    assert_eq!(run["results"][1]["level"], "error");
    let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(said, "3 of 25003 findings are left out: code scanning takes 25000 of a run");
}

proptest! {
    #[test]
    fn any_report_parses_back(report in reports()) {
        let log = printed(&report);
        holds_to_the_schema(&log);
        let results = log["runs"][0]["results"].as_array().unwrap();
        prop_assert_eq!(results.len(), report.violations.len());
        let mut sorted: Vec<&Violation> = report.violations.iter().collect();
        sorted.sort_by_key(|violation| violation.level != Level::Error);
        for (result, violation) in results.iter().zip(sorted) {
            let text = result["message"]["text"].as_str().unwrap();
            let wanted = told(violation).join("\n");
            if wanted.contains("](") {
                prop_assert!(!text.replace("\\\\", "").contains("](") || text.replace("\\\\", "").contains("\\]("));
            } else {
                prop_assert_eq!(text, &wanted);
            }
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            prop_assert_eq!(decoded(uri), artifact(&violation.place).as_bytes().to_vec());
        }
    }
}
