// Drills whose services may still run: they were told to keep them, or ended before they could stop
// them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// FOLDER/drill.json, from before the services are started until they have been stopped.
struct LeftDrill {
    std::string folder;
    std::string drill;
    std::string library;         // Its name.
    std::string environment;
    int pid = 0;  // Of the process that conducts it, on which boot and from which tick of it.
    std::string boot;
    std::uint64_t ticks = 0;

    bool goes_on() const;  // Its process lives.
};

// Of this process.
LeftDrill this_drill(const std::string& folder);
Status note_drill(const LeftDrill& drill);
void forget_drill(const std::string& folder);
// All below STATE/drills, the newest first.
std::vector<LeftDrill> left_drills(const std::string& state_folder);

}  // namespace perilune
