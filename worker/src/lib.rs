//! Takes a job from the queue and leaves a result in the object store.
