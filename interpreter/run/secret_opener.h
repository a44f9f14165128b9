// Opens secret handles in the host, at use, and tells the masker of every value it hands out.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "interpreter/base/result.h"
#include "interpreter/run/masker.h"

namespace perilune {

// Fetches one secret's current (or named) version; blocking, from any thread.
using FetchSecret =
    std::function<Result<std::string>(const std::string& name, const std::string& version)>;

class SecretOpener {
public:
    explicit SecretOpener(Masker& masker) : masker_(masker) {}

    // The environment's own provider.
    void set_fetch(FetchSecret fetch) { fetch_ = std::move(fetch); }
    // A provider a handle names: the `secrets` target it came from.
    void add_provider(const std::string& name, FetchSecret fetch);

    // Keeps a value of its own until the host ends, as a driver's token; returns its handle.
    Value keep(const std::string& name, const std::string& value);

    // Text stays as it is; a handle gives the text its template stands for now.
    Result<std::string> open(const Value& value);

private:
    Result<std::string> open_piece(const SecretPiece& piece);

    Masker& masker_;
    FetchSecret fetch_;
    std::mutex mutex_;
    std::map<std::string, FetchSecret> providers_;
    std::map<std::string, std::string> kept_;
};

}  // namespace perilune
