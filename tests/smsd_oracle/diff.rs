//! The lines in which two texts differ, in order.

/// Lines only the first has begin with `- `, those only the second has with `+ `.
pub(crate) fn differing(first: &[String], second: &[String]) -> Vec<String> {
    let common = common_lengths(first, second);
    let (mut at, mut other) = (0, 0);
    let mut lines = Vec::new();
    while at < first.len() || other < second.len() {
        if at < first.len() && other < second.len() && first[at] == second[other] {
            (at, other) = (at + 1, other + 1);
        } else if other == second.len()
            || (at < first.len() && common[at + 1][other] >= common[at][other + 1])
        {
            lines.push(format!("- {}", first[at]));
            at += 1;
        } else {
            lines.push(format!("+ {}", second[other]));
            other += 1;
        }
    }
    lines
}

/// How many lines the rests of both have in common, from each pair of places on.
fn common_lengths(first: &[String], second: &[String]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; second.len() + 1]; first.len() + 1];
    for at in (0..first.len()).rev() {
        for other in (0..second.len()).rev() {
            lengths[at][other] = if first[at] == second[other] {
                lengths[at + 1][other + 1] + 1
            } else {
                lengths[at + 1][other].max(lengths[at][other + 1])
            };
        }
    }
    lengths
}

#[test]
fn what_differs_is_told_in_order() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();

    assert_eq!(differing(&lines("a b c"), &lines("a b c")), Vec::<String>::new());
    assert_eq!(differing(&lines("a b c"), &lines("a x c d")), ["- b", "+ x", "+ d"]);
    assert_eq!(differing(&lines("b a"), &lines("a b")), ["- b", "+ b"]);
}
