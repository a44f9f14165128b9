// The disk of the crash tests: it fails at the write or sync that a test names, and can lose power.
#pragma once

namespace perilune::test {

// Takes back what SQLite has written since each file's last sync, but for a part chosen at random,
// as a machine does that loses power. Only where PERILUNE_POWER gives the seed of that choice.
void lose_power();

}  // namespace perilune::test
