//! The stories: the whole house, told as its users live it. One binary, so that it is linked once.

mod house;
