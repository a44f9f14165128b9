// The one file that adapts spdlog.
#include "interpreter/run/diagnostics.h"

#include <unistd.h>

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

namespace perilune {

namespace {

constexpr std::size_t file_bytes_max = 2 << 20;
constexpr std::size_t files_max = 3;

}  // namespace

void open_diagnostics(const std::string& folder) {
    try {
        auto logger = spdlog::rotating_logger_mt("perilune", folder + "/perilune.log",
                                                 file_bytes_max, files_max);
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %P %l %v", spdlog::pattern_time_type::utc);
        logger->flush_on(spdlog::level::info);
    } catch (const std::exception&) {
        // A run is worth more than its technical log: it goes on without one.
        spdlog::drop("perilune");
    }
}

void diagnose(LogLevel level, std::string_view text) {
    const auto logger = spdlog::get("perilune");
    if (!logger) return;
    std::string line(text);
    for (auto& c : line)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    switch (level) {
        case LogLevel::info: logger->info(line); break;
        case LogLevel::warning: logger->warn(line); break;
        case LogLevel::error: logger->error(line); break;
    }
}

}  // namespace perilune
