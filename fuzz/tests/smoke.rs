//! Every check function on bytes that look random and are not: a fuzzer's first minutes, on any compiler.

/// Bytes that follow from a number.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let length = usize::from(next()) * usize::from(next() % 3);
    (0..length).map(|_| next()).collect()
}

#[track_caller]
fn check(function: fn(&[u8]), times: u64) {
    function(&[]);
    function(&[0xff; 64]);
    (0..times).for_each(|seed| function(&bytes(seed)));
}

#[test]
fn compile() {
    check(dojobber_fuzz::compile, 2000);
}

#[test]
fn simulate() {
    check(dojobber_fuzz::simulate, 500);
}

#[test]
fn report() {
    check(dojobber_fuzz::report, 500);
}

#[test]
fn draw() {
    check(dojobber_fuzz::draw, 100);
}

#[test]
fn scene() {
    check(dojobber_fuzz::scene, 100);
}
