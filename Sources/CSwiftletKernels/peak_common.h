// Repeats a statement for each of the 12 accumulators, and for each of the 8 loads of a block.
#define FOR_12(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11)
#define FOR_8(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)

// Nothing moves across: the compiler can neither merge passes over one buffer nor leave them out.
#define BARRIER() __asm__ volatile("" ::: "memory")
