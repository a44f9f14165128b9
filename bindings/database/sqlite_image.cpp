// Databases in memory: opened from the bytes of a file, and written as such.
#include <cstring>
#include <new>

#include <sqlite3.h>

#include "bindings/database/sqlite_connection.h"

namespace perilune {

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open_image(std::string_view image,
                                                                       Access access,
                                                                       const OpenOptions& options) {
    std::unique_ptr<SqliteConnection> made(new SqliteConnection("in memory", options));
    int code = sqlite3_open_v2(":memory:", &made->connection_,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    if (code != SQLITE_OK) return made->error("Opening it", code);
    if (!image.empty()) {
        auto* bytes = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
        if (!bytes) throw std::bad_alloc();
        std::memcpy(bytes, image.data(), image.size());
        // SQLite frees the bytes, also where it cannot take them.
        const auto size = static_cast<sqlite3_int64>(image.size());
        unsigned flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
        if (access == Access::read) flags |= SQLITE_DESERIALIZE_READONLY;
        code = sqlite3_deserialize(made->connection_, "main", bytes, size, size, flags);
        if (code != SQLITE_OK) return made->error("Opening it", code);
    }
    if (const auto set = made->set_up(access); !set) return set.error();
    return made;
}

std::string SqliteConnection::image() const {
    sqlite3_int64 size = 0;
    unsigned char* bytes = sqlite3_serialize(connection_, "main", &size, 0);
    if (!bytes) return {};
    std::string image(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    sqlite3_free(bytes);
    return image;
}

}  // namespace perilune
