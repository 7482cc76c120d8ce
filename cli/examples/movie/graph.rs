//! The jobs of the evening, without a word about how they are run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dojobber::{Context, Graph, Key, Result, ensure};

const ON_THE_SHELF: [&str; 3] = ["Noises Off", "MST3K", "Babylon 5"];

/// In the shared store: when the movie starts, and how often the kitchen was looked after.
const START: Key<String> = Key::new("start");
const BOWLS: Key<u32> = Key::new("looks into the dishwasher");
const POPS: Key<u32> = Key::new("rounds in the microwave");
const CALLS: Key<u32> = Key::new("calls to Giordano's");

/// In the local store of one try: whether the couch was dusted.
const DUSTED: Key<bool> = Key::new("dusted");

/// What differs from one evening to the next: the arguments of a run.
#[derive(Debug, Clone)]
pub(crate) struct Evening {
    pub(crate) movie: String,
    pub(crate) battery_state: String,
    pub(crate) couch_space: bool,
    /// The try at which each of these succeeds. None: its last one.
    pub(crate) bowl_success_try: Option<u32>,
    pub(crate) pop_success_try: Option<u32>,
    pub(crate) pizza_success_try: Option<u32>,
}

/// An evening that does not go well.
impl Default for Evening {
    fn default() -> Self {
        Evening {
            movie: ON_THE_SHELF[0].to_owned(),
            battery_state: "dead".to_owned(),
            couch_space: false,
            bowl_success_try: None,
            pop_success_try: None,
            pizza_success_try: None,
        }
    }
}

pub(crate) struct Person {
    name: String,
    email: String,
}

pub(crate) fn friends() -> Vec<Person> {
    let person = |name: &str, email: &str| Person { name: name.to_owned(), email: email.to_owned() };
    vec![person("Wendell Bagg", "bagg@example.com"), person("Lawyer Cat", "lawyercat@example.com")]
}

/// The house in which all this happens. The jobs borrow it, so that a test may bring its own.
pub(crate) struct House<'a> {
    /// Hears what the jobs say.
    pub(crate) say: &'a (dyn Fn(&str) + Sync),
    /// The friends who were sent a mail.
    sent: Mutex<BTreeSet<String>>,
}

impl<'a> House<'a> {
    pub(crate) fn new(say: &'a (dyn Fn(&str) + Sync)) -> Self {
        House { say, sent: Mutex::default() }
    }

    fn was_sent(&self, to: &Person) -> bool {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).contains(&to.email)
    }

    fn send(&self, to: &Person, text: &str) {
        (self.say)(&format!("To {} <{}>: {text}", to.name, to.email));
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(to.email.clone());
    }
}

/// Twenty jobs, `WatchMovie` at the top.
#[rustfmt::skip] // here and below: the layout shows what belongs to a job, where rustfmt has one column for all steps
pub(crate) fn graph<'a>(house: &'a House<'a>, friends: &'a [Person]) -> Graph<'a, Evening> {
    Graph::with_args::<Evening>()
        .job("WatchMovie").after("StartMovie").check(|_| true).run(|_| ())
        .job("StartMovie")
            .after(["FriendsArrive", "PrepareRoom", "TurnOnTV", "InsertDVD", "SitOnCouch", "Food"])
            .check(|_| true)
            .run(|_| ())
        .merge(invitations(house, friends))
        .merge(living_room(house))
        .merge(kitchen())
}

/// One job for each friend, found by `InviteFriends` without being listed there.
#[rustfmt::skip]
fn invitations<'a>(house: &'a House<'a>, friends: &'a [Person]) -> Graph<'a, Evening> {
    Graph::with_args::<Evening>()
        .job("FriendsArrive").after("InviteFriends").check(|_| true).run(|_| ())
        .job("InviteFriends").after("DetermineDetails").group()
        .each(friends, |graph, friend| graph
            .job(format!("Invite {}", friend.name)).after("DetermineDetails").before("InviteFriends")
                .check(|_| house.was_sent(friend))
                .run(|cx| {
                    let (movie, start) = (&cx.args().movie, cx.shared().require(&START)?);
                    house.send(friend, &format!("Come and watch {movie} at {start} with me!"));
                    Ok(())
                }))
        .job("DetermineDetails").after(["ValidateMovie", "PickTimeAndDate"]).group()
        .job("ValidateMovie").description("The movie must be one of those on the shelf")
            .check_only(|cx| {
                let movie = cx.args().movie.as_str();
                ensure(ON_THE_SHELF.contains(&movie), format!("{movie} not one of the available movies."))
            })
        .job("PickTimeAndDate").description("Other jobs read the time from the shared store")
            .check(|cx| cx.shared().contains(&START))
            .run(|cx| cx.shared().set(&START, "2099-09-14 16:57 UTC".to_owned()))
}

/// Where they will sit, and what they will look at.
#[rustfmt::skip]
fn living_room<'a>(house: &'a House<'a>) -> Graph<'a, Evening> {
    Graph::with_args::<Evening>()
        .job("InsertDVD").after("ValidateMovie").check(|_| true).run(|_| ())
        .job("PrepareRoom").after(["CleanCouch", "FluffPillows"]).group()
        .job("CleanCouch").description("The local store is empty at every try, so the couch is always dusted")
            .check(|cx| cx.local().contains(&DUSTED))
            .cleanup(|_| (house.say)("I put the feather duster back."))
            .run(|cx| cx.local().set(&DUSTED, true))
        .job("FluffPillows").description("Nobody can tell whether a pillow is fluffy: it is done every time")
            .run_only(|_| (house.say)("I fluff the pillows."))
        .job("SitOnCouch").after("PrepareRoom")
            .check(|cx| ensure(cx.args().couch_space, "No space on couch."))
            .run(|_| ())
        .job("TurnOnTV").after("FindTVRemote")
            .check(|cx| ensure(cx.args().battery_state == "charged", "Remote batteries are dead."))
            .run(|_| ()) // taking them out and putting them back in does not help
        .job("FindTVRemote").check(|_| true).run(|_| ())
}

/// What takes several tries, while everything else goes on.
#[rustfmt::skip]
fn kitchen<'a>() -> Graph<'a, Evening> {
    Graph::with_args::<Evening>()
        .job("Food").after(["Popcorn", "Pizza"]).group()
        .job("Popcorn").after("PopcornBowl").tries(5)
            .check(|cx| reached(cx, &POPS, cx.args().pop_success_try, "Still popping..."))
            .run(|cx| count(cx, &POPS))
        .job("PopcornBowl").tries(8).retry_delay(Duration::from_millis(1))
            .check(|cx| reached(cx, &BOWLS, cx.args().bowl_success_try, "Dishwasher cycle not done yet."))
            .run(|cx| count(cx, &BOWLS))
        .job("Pizza").tries(3)
            .run_only(|cx| {
                count(cx, &CALLS);
                reached(cx, &CALLS, cx.args().pizza_success_try, "Giordano's did not arrive yet.")
            })
}

/// The shared store outlives a try; the local one, and whatever a closure could keep for itself, does not.
fn count(cx: &Context<Evening>, what: &Key<u32>) {
    cx.shared().update(what, |count| *count += 1);
}

/// Fails with `not_yet` until this was counted `wanted` times: as often as there are tries, if that is not said.
fn reached(cx: &Context<Evening>, what: &Key<u32>, wanted: Option<u32>, not_yet: &'static str) -> Result {
    let counted = cx.shared().get(what).map_or(0, |count| *count);
    ensure(counted >= wanted.or(cx.max_tries()).unwrap_or(0), not_yet)
}
