// The bytes of a dump on their way into a storage target and back, with digests of both sides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bindings/database/backup_catalog.h"
#include "bindings/database/compression.h"
#include "interpreter/base/digest.h"

namespace perilune {

// How a long transfer hears that it has to stop, and tells how far it is.
struct StreamWatch {
    std::function<std::optional<Error>()> stopped;
    std::function<void(std::string)> tell;
};

// Counts and digests what passes.
struct Meter {
    Digest digest;
    double bytes = 0;
    void add(std::string_view piece) {
        digest.add(piece);
        bytes += static_cast<double>(piece.size());
    }
};

// Compresses a dump into a sink, and fills in its manifest's sizes and digests. The sink is neither
// committed nor abandoned.
class DumpWriter {
public:
    DumpWriter(ByteSink& sink, BackupManifest& manifest, StreamWatch watch);
    Status write(std::string_view bytes);
    Status finish();

private:
    BackupManifest& manifest_;
    StreamWatch watch_;
    Meter stored_;
    Meter database_;
    double began_s_;
    std::unique_ptr<Packer> packer_;
};

// Unpacks a dump into `take`, and appends a check for everything that can be wrong with its stream:
// its state, sizes and digests. Only what hinders the checking itself is an error; an error
// damaged_stream of `take` is a fault of the dump.
using TakeBytes = std::function<Status(std::string_view bytes)>;
Status read_dump(const Shelf& shelf, const BackupEntry& entry, const TakeBytes& take,
                 const StreamWatch& watch, List& checks);

}  // namespace perilune
