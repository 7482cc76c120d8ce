//! All checks. What they need of time grows fast with the number of threads in them.

#[track_caller]
fn check_all(checks: &[dojobber_model::Check]) {
    for (name, check) in checks {
        println!("{name}");
        check();
    }
}

#[test]
fn plain_plans() {
    check_all(dojobber_model::PLAIN);
}

#[test]
fn wakers() {
    check_all(dojobber_model::WAKERS);
}
