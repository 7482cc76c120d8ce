//! Scenes to draw.

use dojobber_viz::scene::{Scene, SceneNode, Status};

pub(crate) const STATUSES: [Option<Status>; 6] = [
    None,
    Some(Status::Satisfied),
    Some(Status::Changed),
    Some(Status::Failed),
    Some(Status::Blocked),
    Some(Status::WouldRun),
];

/// Names that have broken something somewhere.
pub(crate) const ODD_NAMES: [&str; 16] = [
    "",
    " ",
    "quote \" and ' and \\ back",
    "ends with a backslash \\",
    "a <b> & c </b> &amp; &#1;",
    "two\nlines\r\nand\ttabs",
    "zero \0 and escape \u{1b}[31m",
    "not a character \u{fffe} \u{ffff}",
    "عربي ودعوה עברית",
    "日本語 ラベル",
    "emoji 👩‍🚀 🚀 🇨🇭",
    "e\u{301}\u{301}\u{301}",
    "x;y{z}[w]|r->q",
    "\\N \\l \\n \\G",
    "]]> <!-- -- --> <?xml?>",
    "%s $HOME `id` {0}",
];

/// A scene whose nodes are called by their numbers.
pub(crate) fn numbered(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Scene {
    Scene {
        nodes: (0..nodes).map(|node| SceneNode::new(format!("job {node}"))).collect(),
        edges: edges.into_iter().collect(),
    }
}

/// The preparations for a movie, as DoJobber's example has them.
pub(crate) fn movie() -> Scene {
    const EDGES: [(&str, &str); 23] = [
        ("WatchMovie", "StartMovie"),
        ("StartMovie", "FriendsArrive"),
        ("StartMovie", "PrepareRoom"),
        ("StartMovie", "TurnOnTV"),
        ("StartMovie", "InsertDVD"),
        ("StartMovie", "SitOnCouch"),
        ("StartMovie", "Food"),
        ("FriendsArrive", "InviteFriends"),
        ("InviteFriends", "DetermineDetails"),
        ("InviteFriends", "Invite Wendell Bagg"),
        ("InviteFriends", "Invite Lawyer Cat"),
        ("DetermineDetails", "ValidateMovie"),
        ("DetermineDetails", "PickTimeAndDate"),
        ("Invite Wendell Bagg", "DetermineDetails"),
        ("Invite Lawyer Cat", "DetermineDetails"),
        ("PrepareRoom", "CleanCouch"),
        ("PrepareRoom", "FluffPillows"),
        ("TurnOnTV", "FindTVRemote"),
        ("InsertDVD", "ValidateMovie"),
        ("SitOnCouch", "PrepareRoom"),
        ("Food", "Popcorn"),
        ("Food", "Pizza"),
        ("Popcorn", "PopcornBowl"),
    ];
    let mut scene = Scene::default();
    let number = |name: &str, scene: &mut Scene| {
        scene.nodes.iter().position(|node| node.name == name).unwrap_or_else(|| {
            scene.nodes.push(SceneNode::new(name).with_status(Status::Satisfied));
            scene.nodes.len() - 1
        })
    };
    for (a, b) in EDGES {
        let edge = (number(a, &mut scene), number(b, &mut scene));
        scene.edges.push(edge);
    }
    scene
}
