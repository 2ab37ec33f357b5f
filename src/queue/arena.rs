//! Values in numbered slots, cheap to take a picture of.
//!
//! ```text
//! arena ── branch ── leaf ── slot ── value
//!            64       64      64
//! ```
//!
//! A clone shares every branch. Whoever writes first to what is shared copies one branch (64 pointers), one leaf
//! (64 pointers) and one value, and nothing else; without a clone nothing is copied. Empty slots are a chain through
//! the slots themselves, the one emptied last comes first: so a clone has them too.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Slots of a leaf, and leaves of a branch.
const WIDTH: u32 = 64;
/// Slots below one branch.
const BRANCH_SLOTS: u32 = WIDTH * WIDTH;

/// Where a value lives. Another value gets the slot when this one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Slot(pub(super) u32);

#[derive(Debug)]
pub(super) struct Arena<T> {
    branches: Vec<Arc<Branch<T>>>,
    /// Slots so far, empty ones included.
    slots: u32,
    filled: u32,
    /// The empty slot that is filled next.
    empty: Option<Slot>,
}

/// Why a slot cannot be filled while an arena is read from an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    /// A slot is named twice, or out of order.
    Order,
    /// A slot lies beyond all that were named.
    Beyond,
}

#[derive(Debug)]
struct Branch<T>(Vec<Arc<Leaf<T>>>);

#[derive(Debug)]
struct Leaf<T>([Place<T>; WIDTH as usize]);

#[derive(Debug)]
enum Place<T> {
    Filled(Arc<T>),
    /// Empty, with the next empty slot of the chain.
    Empty(Option<Slot>),
}

impl Slot {
    /// The lowest slot there is.
    pub(super) const FIRST: Slot = Slot(0);

    fn branch(self) -> usize {
        (self.0 / BRANCH_SLOTS) as usize
    }

    fn leaf(self) -> usize {
        (self.0 / WIDTH % WIDTH) as usize
    }

    fn place(self) -> usize {
        (self.0 % WIDTH) as usize
    }
}

impl<T: Clone> Arena<T> {
    /// Takes a value in. None when there is no slot left.
    pub(super) fn insert(&mut self, value: T) -> Option<Slot> {
        let slot = match self.empty {
            Some(slot) => slot,
            None => self.grow()?,
        };
        let place = self.place_mut(slot)?;
        if let Place::Empty(next) = std::mem::replace(place, Place::Filled(Arc::new(value))) {
            self.empty = next;
        }
        self.filled += 1;
        Some(slot)
    }

    /// Takes a value out for good.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<Arc<T>> {
        let next = self.empty;
        self.get(slot)?;
        match std::mem::replace(self.place_mut(slot)?, Place::Empty(next)) {
            Place::Filled(value) => {
                self.empty = Some(slot);
                self.filled = self.filled.saturating_sub(1);
                Some(value)
            }
            Place::Empty(_) => None,
        }
    }

    /// Takes a value out of its slot for a moment, to be put back with [`Arena::lower`].
    pub(super) fn lift(&mut self, slot: Slot) -> Option<Arc<T>> {
        self.get(slot)?;
        match std::mem::replace(self.place_mut(slot)?, Place::Empty(None)) {
            Place::Filled(value) => Some(value),
            Place::Empty(_) => None,
        }
    }

    /// Puts a value back that was lifted.
    pub(super) fn lower(&mut self, slot: Slot, value: Arc<T>) {
        if let Some(place) = self.place_mut(slot) {
            debug_assert!(matches!(place, Place::Empty(None)), "a value is put back where it was");
            *place = Place::Filled(value);
        }
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        match self.place_mut(slot)? {
            Place::Filled(value) => Some(Arc::make_mut(value)),
            Place::Empty(_) => None,
        }
    }

    /// Fills the next slot while an image is read: slots come in order, `empty` are those of the whole image.
    pub(super) fn fill(&mut self, slot: Slot, value: T, empty: u32) -> Result<(), Misplaced> {
        if slot.0 < self.slots {
            return Err(Misplaced::Order);
        }
        if slot.0 - self.filled > empty {
            return Err(Misplaced::Beyond);
        }
        while self.slots <= slot.0 {
            self.grow().ok_or(Misplaced::Beyond)?;
        }
        *self.place_mut(slot).ok_or(Misplaced::Beyond)? = Place::Filled(Arc::new(value));
        self.filled += 1;
        Ok(())
    }

    /// Chains the slots that were not filled, once all others are. The first is filled next.
    pub(super) fn chain(&mut self, empty: &[Slot]) -> Result<(), Misplaced> {
        let mut sorted = empty.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Misplaced::Order);
        }
        let slots = u64::from(self.filled) + empty.len() as u64;
        while u64::from(self.slots) < slots {
            self.grow().ok_or(Misplaced::Beyond)?;
        }
        let mut next = None;
        for slot in empty.iter().rev() {
            if slot.0 >= self.slots || self.get(*slot).is_some() {
                return Err(Misplaced::Beyond);
            }
            *self.place_mut(*slot).ok_or(Misplaced::Beyond)? = Place::Empty(next);
            next = Some(*slot);
        }
        self.empty = next;
        Ok(())
    }

    /// One more slot at the end, empty and in no chain.
    fn grow(&mut self) -> Option<Slot> {
        let slot = Slot(self.slots);
        self.slots = self.slots.checked_add(1)?;
        if slot.branch() == self.branches.len() {
            self.branches.push(Arc::new(Branch(Vec::new())));
        }
        let Branch(leaves) = Arc::make_mut(self.branches.last_mut()?);
        if slot.leaf() == leaves.len() {
            leaves.push(Arc::new(Leaf(std::array::from_fn(|_| Place::Empty(None)))));
        }
        Some(slot)
    }

    fn place_mut(&mut self, slot: Slot) -> Option<&mut Place<T>> {
        let Branch(leaves) = Arc::make_mut(self.branches.get_mut(slot.branch())?);
        let Leaf(places) = Arc::make_mut(leaves.get_mut(slot.leaf())?);
        places.get_mut(slot.place())
    }
}

impl<T> Arena<T> {
    /// Whether one more value has a slot.
    pub(super) fn has_room(&self) -> bool {
        self.empty.is_some() || self.slots < u32::MAX
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        self.shared(slot).map(Arc::as_ref)
    }

    /// A value as it is now: whoever changes it copies it first.
    pub(super) fn shared(&self, slot: Slot) -> Option<&Arc<T>> {
        match self.place(slot)? {
            Place::Filled(value) => Some(value),
            Place::Empty(_) => None,
        }
    }

    /// How many slots are filled.
    pub(super) fn len(&self) -> u32 {
        self.filled
    }

    /// Every value, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        (0..self.slots).map(Slot).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// The empty slots, the one that is filled next first.
    pub(super) fn empty(&self) -> impl Iterator<Item = Slot> {
        std::iter::successors(self.empty, |slot| match self.place(*slot)? {
            Place::Empty(next) => *next,
            Place::Filled(_) => None,
        })
    }

    /// Whether filled and empty slots are all slots.
    pub(super) fn is_consistent(&self) -> bool {
        let filled = self.iter().count();
        let empty = self.empty().take(self.slots as usize + 1).count();
        filled == self.filled as usize && filled + empty == self.slots as usize
    }

    fn place(&self, slot: Slot) -> Option<&Place<T>> {
        self.branches.get(slot.branch())?.0.get(slot.leaf())?.0.get(slot.place())
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Arena<T> {
        Arena { branches: Vec::new(), slots: 0, filled: 0, empty: None }
    }
}

/// Shares everything: work and memory are a pointer for 4,096 values.
impl<T> Clone for Arena<T> {
    fn clone(&self) -> Arena<T> {
        Arena { branches: self.branches.clone(), ..*self }
    }
}

impl<T> Clone for Branch<T> {
    fn clone(&self) -> Branch<T> {
        Branch(self.0.clone())
    }
}

impl<T> Clone for Leaf<T> {
    fn clone(&self) -> Leaf<T> {
        Leaf(self.0.clone())
    }
}

impl<T> Clone for Place<T> {
    fn clone(&self) -> Place<T> {
        match self {
            Place::Filled(value) => Place::Filled(Arc::clone(value)),
            Place::Empty(next) => Place::Empty(*next),
        }
    }
}

impl<T: PartialEq> PartialEq for Arena<T> {
    fn eq(&self, other: &Arena<T>) -> bool {
        self.slots == other.slots && self.iter().eq(other.iter()) && self.empty().eq(other.empty())
    }
}

impl<T: Eq> Eq for Arena<T> {}

/// What is in which slot, then the chain of the empty ones.
impl<T: Serialize> Serialize for Arena<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let filled: Vec<_> = self.iter().collect();
        let empty: Vec<_> = self.empty().collect();
        (filled, empty).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena(values: u32) -> Arena<u32> {
        let mut arena = Arena::default();
        (0..values).for_each(|value| assert_eq!(arena.insert(value), Some(Slot(value))));
        arena
    }

    #[test]
    fn a_shared_value_stays_as_it_was() {
        let mut arena = arena(2);
        let shared = arena.shared(Slot(1)).cloned();

        *arena.get_mut(Slot(1)).expect("filled") = 9;

        assert_eq!((shared.as_deref(), arena.get(Slot(1))), (Some(&1), Some(&9)));
    }

    #[test]
    fn a_slot_that_never_was_holds_nothing() {
        let mut arena = arena(1);

        assert_eq!(arena.get(Slot(7)), None);
        assert_eq!(arena.remove(Slot(7)), None);
        assert_eq!(arena.get_mut(Slot(u32::MAX)), None);
        assert!(arena.is_consistent());
    }

    #[test]
    fn the_slot_emptied_last_is_filled_first() {
        let mut arena = arena(10_000);
        for slot in [5, 9_999, 70] {
            arena.remove(Slot(slot));
        }

        assert_eq!(arena.empty().collect::<Vec<_>>(), [Slot(70), Slot(9_999), Slot(5)]);
        assert!(arena.is_consistent());
        assert_eq!(
            [1, 2, 3, 4].map(|value| arena.insert(value).map(|slot| slot.0)),
            [Some(70), Some(9_999), Some(5), Some(10_000)]
        );
        assert_eq!(arena.len(), 10_001);
        assert!(arena.is_consistent());
    }

    #[test]
    fn a_clone_keeps_what_is_changed_afterwards() {
        let mut arena = arena(10_000);
        let picture = arena.clone();
        arena.get_mut(Slot(4_096)).into_iter().for_each(|value| *value = 0);
        arena.remove(Slot(1));
        arena.insert(77);
        arena.insert(78);
        let lifted = arena.lift(Slot(9)).expect("it is filled");
        arena.lower(Slot(9), lifted);

        assert!(picture.iter().map(|(_, value)| *value).eq(0..10_000));
        assert_eq!(arena.get(Slot(4_096)), Some(&0));
        assert_eq!(arena.get(Slot(1)), Some(&77));
        assert!(arena.is_consistent() && picture.is_consistent());
    }

    #[test]
    fn an_arena_is_filled_again_slot_by_slot() {
        let mut before = arena(5_000);
        (0..4_000).step_by(3).for_each(|slot| {
            before.remove(Slot(slot));
        });
        let empty: Vec<Slot> = before.empty().collect();
        let mut after = Arena::default();
        for (slot, value) in before.iter() {
            assert_eq!(after.fill(slot, *value, empty.len() as u32), Ok(()));
        }

        assert_eq!(after.chain(&empty), Ok(()));
        assert_eq!(after, before);
        assert!(after.is_consistent());
    }

    #[test]
    fn slots_named_twice_or_far_beyond_are_refused() {
        let mut arena = Arena::default();
        assert_eq!(arena.fill(Slot(u32::MAX), 1, 2), Err(Misplaced::Beyond));
        assert_eq!(arena.fill(Slot(3), 1, 2), Err(Misplaced::Beyond));
        assert_eq!(arena.fill(Slot(2), 1, 2), Ok(()));
        assert_eq!(arena.fill(Slot(2), 1, 2), Err(Misplaced::Order));
        assert_eq!(arena.fill(Slot(1), 1, 2), Err(Misplaced::Order));

        assert_eq!(arena.clone().chain(&[Slot(0), Slot(0)]), Err(Misplaced::Order));
        assert_eq!(arena.clone().chain(&[Slot(0), Slot(2)]), Err(Misplaced::Beyond));
        assert_eq!(arena.clone().chain(&[Slot(0), Slot(9)]), Err(Misplaced::Beyond));
        assert_eq!(arena.chain(&[Slot(1), Slot(0)]), Ok(()));
        assert!(arena.is_consistent());
    }
}
