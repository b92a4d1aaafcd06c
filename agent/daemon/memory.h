// An idle agent holds no memory that only a busy one needs.
#pragma once

namespace catena::agent {

// Free heap, and the code of programs and libraries that the kernel can bring back from its cache
// whenever it is run again.
void give_back_memory();

// Of this process, in bytes; 0 where it can't be read.
double resident_bytes();

}  // namespace catena::agent
