// The state of the zone_file driver and the two halves of it: what it reads and what it changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/dns/dns_client.h"
#include "bindings/dns/zone_edit.h"
#include "interpreter/base/driver.h"

namespace perilune {

struct ZoneFile {
    Loop& loop;
    std::string target;
    std::string path;
    std::string zone;                  // Lower-case, without the last dot.
    std::vector<std::string> servers;  // As the environment has them; empty: the file answers.
    std::vector<std::string> resolvers;
    std::vector<std::string> reload;  // A program's path and arguments, or empty.

    Result<ZoneText> load() const;
};

// The servers of a list as the environment or a call has it; "ns" stands for the zone's NS records.
std::vector<Result<NameServer>> find_servers(const std::vector<std::string>& texts,
                                             const ZoneText& zone);

// Waits until all the zone's servers answer with at least this serial. Blocks.
Status wait_served(const ZoneFile& file, const ZoneText& zone, std::uint32_t serial,
                   const Call& call);
// Whether they do now.
bool is_served(const ZoneFile& file, const ZoneText& zone, std::uint32_t serial);

using ZoneFilePointer = std::shared_ptr<const ZoneFile>;

void add_zone_observes(Driver& driver, const ZoneFilePointer& file);
void add_zone_changes(Driver& driver, const ZoneFilePointer& file);

}  // namespace perilune
