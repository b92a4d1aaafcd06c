#include "common/ipam/replay.h"

#include "common/ipam/journal.h"

namespace catena::ipam {
namespace {

std::string at_byte(std::uint64_t offset) { return " at byte " + std::to_string(offset); }

// Lines in a row that are no good ones.
struct BadStretch {
  std::uint64_t offset = 0;
  std::uint64_t lines = 0;
};

}  // namespace

base::Result<Replayed> replay(std::string_view data, std::uint64_t offset, Index& index) {
  Replayed result;
  BadStretch bad;
  LineReader reader(data, offset);
  while (const std::optional<Line> line = reader.next()) {
    const std::optional<Transaction> transaction =
        line->good ? transaction_in(line->json) : std::nullopt;
    if (!transaction.has_value()) {
      bad = {bad.lines == 0 ? line->offset : bad.offset, bad.lines + 1};
      continue;
    }
    if (bad.lines != 0) {
      result.damages.push_back("unreadable" + at_byte(bad.offset));
      bad = {};
    }
    Position position = index.position();
    if (position.number != 0 && transaction->number <= position.number) {
      result.damages.push_back("transaction " + std::to_string(transaction->number) +
                               " comes again" + at_byte(line->offset));
      continue;
    }
    if (position.number != 0 && transaction->number != position.number + 1) {
      result.damages.push_back("transactions " + std::to_string(position.number + 1) + " to " +
                               std::to_string(transaction->number - 1) + " are missing" +
                               at_byte(line->offset));
    }
    for (const Entry& entry : transaction->entries) {
      TRY(index.apply(entry));
    }
    position.number = transaction->number;
    position.line_start = line->offset;
    position.line_end = line->offset + line->bytes.size();
    position.line_crc = line->crc;
    ++position.lines;
    ++result.applied;
    index.set_position(position);
  }
  if (bad.lines == 1) {
    result.torn_at = bad.offset;
  } else if (bad.lines != 0) {
    result.damages.push_back("unreadable" + at_byte(bad.offset) + " and to its end");
  }
  return result;
}

}  // namespace catena::ipam
