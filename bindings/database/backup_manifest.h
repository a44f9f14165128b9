// What is recorded beside a backup's object, and without which the object is no backup.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

// Who may read a backup's object.
struct BackupEncryption {
    std::string format;                   // "age"; empty: it is not encrypted.
    std::vector<std::string> recipients;  // Public.
    bool used() const { return !format.empty(); }
};

// One file of a dump that is a folder, stored as an object of its own.
struct BackupFile {
    std::string name;             // "toc.dat"
    double size_bytes = 0;        // Of the object, as stored.
    std::string digest;           // SHA-256 of the object, as stored.
    double database_bytes = 0;    // Of the file.
    std::string database_digest;  // SHA-256 of the file.
};

struct BackupManifest {
    std::string engine;           // "sqlite" or "postgres".
    std::string state;            // "running" until the object is stored, then "complete".
    std::string source;           // The database: "database/primary".
    std::string call;             // The key of the call that made it.
    std::string key;              // The object's.
    double at_s = 0;              // The moment that it shows.
    double deadline_at_s = 0;     // Of "running": after it, the call that made it is over.
    double size_bytes = 0;        // Of the object, as stored.
    std::string digest;           // SHA-256 of the object, as stored.
    double database_bytes = 0;    // Of what is in it.
    std::string database_digest;  // SHA-256 of what is in it.
    std::string compression;      // "zstd", "gzip" or "none".
    std::string dump_format;      // PostgreSQL: "custom", "plain" or "directory".
    BackupEncryption encryption;  // Of the object: compressed first, then encrypted.
    bool uses_log = false;        // Whether the database used a write-ahead log.
    double user_version = 0;
    Value counts;  // Rows of each table.
    // Of a dump that is a folder: what the keys of its files begin with, and the files. There is no
    // object `key` then; sizes are of all of them, digests of the list of theirs.
    std::string folder = {};
    std::vector<BackupFile> files = {};
    bool is_folder() const { return !folder.empty(); }
};

// "KEY.manifest.json"
std::string manifest_key(const std::string& key);
// The key that a manifest's key belongs to; empty where it is none.
std::string key_of_manifest(const std::string& manifest_key);

std::string write_manifest(const BackupManifest& manifest);
// Refuses what is no manifest of ours, what a newer program wrote, and another engine's.
Result<BackupManifest> read_manifest(const std::string& text, const std::string& engine);

}  // namespace perilune
