#include "common/ipam/recovery.h"

#include <sys/random.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/ipam/replay.h"

namespace catena::ipam {
namespace {

constexpr std::uint64_t kHeaderAtMost = 4096;  // bytes

std::string random_id() {
  std::uint64_t words[2]{};
  if (::getrandom(words, sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
    words[0] = static_cast<std::uint64_t>(::getpid());
  }
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(words[0]),
                static_cast<unsigned long long>(words[1]));
  return text;
}

bool outlives_boot(const Record& record) {
  return record.state == State::kQuarantined && !record.note.empty() && record.note != kInUseNote;
}

std::uint64_t journal_id_of(std::string_view header_line) { return base::hash64(header_line); }

// One opening of a store.
class Opening {
 public:
  Opening(const std::string& directory, const std::string& boot_id,
          std::vector<std::string>& notices)
      : directory_(directory), boot_id_(boot_id), notices_(notices) {}

  base::Result<std::optional<Opened>> run(IfMissing if_missing);

 private:
  struct FirstLine {
    std::optional<Header> header;  // nothing: unreadable
    std::uint64_t id = 0;
    std::uint64_t size = 0;
  };
  base::Result<FirstLine> first_line(const Journal& journal) const;
  void find_index();
  base::Result<std::optional<Opened>> without_journal(IfMissing if_missing);
  base::Result<Opened> with_index(Journal journal, bool header_is_good);
  base::Result<Opened> without_index(Journal journal, const FirstLine& first);
  base::Result<Opened> finish(Journal journal, Index index, Replayed replayed, bool rewrite);
  base::Status begin_boot(Index& index) const;
  base::Status cut_torn(Journal& journal, std::uint64_t offset);
  base::Result<Opened> with_file(Journal journal, Index index);

  const std::string& directory_;
  const std::string& boot_id_;
  std::vector<std::string>& notices_;
  std::optional<Index> index_;  // found on disk, whole as far as one can see
};

base::Result<Opening::FirstLine> Opening::first_line(const Journal& journal) const {
  const std::string start = TRY(journal.read_start(kHeaderAtMost));
  const std::optional<Line> line = LineReader(start, 0).next();
  FirstLine first;
  if (!line.has_value() || !line->good) {
    return first;
  }
  first.header = header_in(line->json);
  first.id = journal_id_of(line->bytes);
  first.size = line->bytes.size();
  if (first.header.has_value() && first.header->format > kFormat) {
    return base::Error(base::ErrorKind::kUnsupported,
                       "the store in " + directory_ + " has format " +
                           std::to_string(first.header->format) + ", this release reads up to " +
                           std::to_string(kFormat))
        .advice("install the release that wrote it, or a newer one");
  }
  return first;
}

void Opening::find_index() {
  base::Result<Index> index = Index::open(index_path(directory_), boot_id_);
  if (index.ok()) {
    index_ = std::move(index).value();
  } else if (index.error().is(base::ErrorKind::kUndecodable)) {
    notices_.push_back(index.error().message() + "; made anew from the journal");
  }
}

base::Result<std::optional<Opened>> Opening::run(IfMissing if_missing) {
  base::Result<std::optional<Journal>> journal = Journal::open(directory_);
  if (!journal.ok()) {
    return std::move(journal).error();
  }
  find_index();
  if (!journal->has_value()) {
    return without_journal(if_missing);
  }
  const FirstLine first = TRY(first_line(**journal));
  if (index_.has_value() && first.header.has_value() && index_->position().journal_id != first.id) {
    index_.reset();
  }
  Journal found = std::move(*journal).value();
  if (index_.has_value()) {
    return std::optional<Opened>(TRY(with_index(std::move(found), first.header.has_value())));
  }
  return std::optional<Opened>(TRY(without_index(std::move(found), first)));
}

base::Result<std::optional<Opened>> Opening::without_journal(IfMissing if_missing) {
  if (index_.has_value()) {
    Journal journal = TRY(rewrite_journal(directory_, *index_));
    notices_.push_back("the journal in " + directory_ +
                       " was missing; made anew from the index, nothing is lost");
    return std::optional<Opened>(TRY(with_file(std::move(journal), std::move(*index_))));
  }
  if (if_missing == IfMissing::kNothing) {
    return std::optional<Opened>();
  }
  Index index = Index::empty(random_id(), boot_id_, 0);
  TRY(index.apply(boot_entry(boot_id_)));
  Journal journal = TRY(rewrite_journal(directory_, index));
  return std::optional<Opened>(TRY(with_file(std::move(journal), std::move(index))));
}

base::Result<Opened> Opening::with_index(Journal journal, bool header_is_good) {
  Index& index = *index_;
  const Position before = index.position();
  const std::string tail = TRY(journal.read_from(before.line_start));
  const std::optional<Line> last = LineReader(tail, before.line_start).next();
  const bool follows = header_is_good && last.has_value() && last->good &&
                       last->crc == before.line_crc &&
                       last->offset + last->bytes.size() == before.line_end;
  if (follows && tail.size() == last->bytes.size()) {
    return Opened{std::move(journal), std::move(index)};
  }
  const std::uint64_t known = before.line_end - before.line_start;
  const std::string_view rest = std::string_view(tail).substr(std::min(known, tail.size()));
  Replayed replayed = TRY(replay(rest, before.line_end, index));
  if (!follows) {
    replayed.damages.insert(replayed.damages.begin(), "not as the index knows it up to byte " +
                                                          std::to_string(before.line_end));
  }
  return finish(std::move(journal), std::move(index), std::move(replayed), false);
}

base::Result<Opened> Opening::without_index(Journal journal, const FirstLine& first) {
  const std::string data = TRY(journal.read_from(first.header.has_value() ? first.size : 0));
  const std::string store =
      first.header.has_value() && !first.header->store.empty() ? first.header->store : random_id();
  Index index = Index::empty(store, boot_id_, 0);
  Position position;
  if (first.header.has_value()) {
    position.number = first.header->first - 1;
  }
  position.journal_id = first.id;
  index.set_position(position);
  Replayed replayed = TRY(replay(data, first.header.has_value() ? first.size : 0, index));
  bool rewrite = false;
  if (!first.header.has_value()) {
    if (replayed.damages.empty()) {  // nothing but a broken first line, or not even that
      replayed.damages.emplace_back("unreadable at byte 0");
    }
    rewrite = true;
  }
  const std::optional<Entry> boot = TRY(index.find(kBootKind, kBootKind));
  const std::string stored_boot = boot.has_value() ? boot_id_in(boot->text) : std::string();
  if (stored_boot != boot_id_) {
    // No record of a boot: the journal lost it, and the owners may be of this one.
    if (!stored_boot.empty()) {
      TRY(begin_boot(index));
    }
    TRY(index.apply(boot_entry(boot_id_)));
    rewrite = true;
  }
  return finish(std::move(journal), std::move(index), std::move(replayed), rewrite);
}

// Frees every address a pod had: no pod outlives a boot. Those that were free stay in front.
// Intents do outlive it, and so does what they reserved or the cloud's word put in quarantine.
base::Status Opening::begin_boot(Index& index) const {
  std::vector<Entry> listed;
  std::vector<Entry> others;
  const auto sort_in = [&](const Entry& entry) -> base::Status {
    const std::optional<Record> record = to_record(entry);
    if (record.has_value() && record->state != State::kReserved && !outlives_boot(*record)) {
      const bool was_listed = record->state == State::kFree || record->state == State::kCooling;
      (was_listed ? listed : others).push_back(entry);
    }
    return {};
  };
  TRY(index.for_each(sort_in));
  listed.insert(listed.end(), others.begin(), others.end());
  for (const Entry& entry : listed) {
    std::optional<Record> record = to_record(entry);
    const bool is_noted = !record->note.empty() && record->state != State::kQuarantined;
    record->state = is_noted ? State::kQuarantined : State::kFree;
    record->note = is_noted ? record->note : std::string();
    TRY(index.apply(to_entry(*record, entry.text)));
  }
  return {};
}

base::Status Opening::cut_torn(Journal& journal, std::uint64_t offset) {
  const std::string torn = TRY(journal.read_from(offset));
  const base::Result<std::string> copy = journal.keep_torn(torn);
  TRY(journal.cut(offset));
  notices_.push_back(
      "journal in " + directory_ + ": the last transaction (" + std::to_string(torn.size()) +
      " bytes at byte " + std::to_string(offset) + ") was not finished; cut off, " +
      (copy.ok() ? "kept as " + *copy : "and could not be kept: " + copy.error().message()));
  return {};
}

base::Result<Opened> Opening::finish(Journal journal, Index index, Replayed replayed,
                                     bool rewrite) {
  if (!replayed.damages.empty()) {
    const base::Result<std::string> copy = journal.keep_whole();
    base::Result<Journal> mended = rewrite_journal(directory_, index);
    if (!mended.ok()) {
      if (copy.ok()) {
        ::unlink(copy->c_str());
      }
      return std::move(mended).error().context("mend the damaged journal");
    }
    notices_.push_back("journal in " + directory_ + " damaged: " +
                       base::join(replayed.damages, "; ") + "; made anew from what is known, " +
                       (copy.ok() ? "the old one kept as " + *copy
                                  : "the old one could not be kept: " + copy.error().message()));
    return with_file(std::move(mended).value(), std::move(index));
  }
  if (replayed.torn_at.has_value()) {
    TRY(cut_torn(journal, *replayed.torn_at));
  }
  if (rewrite) {
    Journal rewritten = TRY(rewrite_journal(directory_, index));
    return with_file(std::move(rewritten), std::move(index));
  }
  // Who wrote these lines may have been killed before they were durable.
  TRY(journal.sync());
  TRY(base::sync_directory(directory_));
  return with_file(std::move(journal), std::move(index));
}

// An index that can't be written serves this one transaction from memory.
base::Result<Opened> Opening::with_file(Journal journal, Index index) {
  const std::string path = index_path(directory_);
  if (base::Status written = index.flush(path); !written.ok()) {
    notices_.push_back("the index can't be written, transactions are slow: " +
                       written.error().text());
    return Opened{std::move(journal), std::move(index)};
  }
  base::Result<Index> reopened = Index::open(path, boot_id_);
  if (!reopened.ok()) {
    return Opened{std::move(journal), std::move(index)};
  }
  return Opened{std::move(journal), std::move(reopened).value()};
}

}  // namespace

std::string index_path(const std::string& directory) { return directory + "/index.v1"; }

base::Result<Journal> rewrite_journal(const std::string& directory, Index& index) {
  Position position = index.position();
  Header header;
  header.format = kFormat;
  header.store = index.store();
  header.first = position.number + 1;
  std::string content = to_line(to_json(header));
  position.journal_id = journal_id_of(content);
  position.lines = 0;
  const auto write = [&](const Entry& entry) -> base::Status {
    position.line_start = content.size();
    content += to_line(to_json(++position.number, {entry}));
    position.line_end = content.size();
    ++position.lines;
    return {};
  };
  TRY(index.for_each(write));
  const std::string_view last = std::string_view(content).substr(position.line_start);
  position.line_crc = LineReader(last, position.line_start).next().value_or(Line{}).crc;
  Journal journal = TRY(Journal::create(directory, content));
  index.set_position(position);
  return journal;
}

base::Result<std::optional<Opened>> open_store(const std::string& directory,
                                               const std::string& boot_id, IfMissing if_missing,
                                               std::vector<std::string>& notices) {
  base::Result<std::optional<Opened>> opened = Opening(directory, boot_id, notices).run(if_missing);
  if (opened.ok() || !opened.error().is(base::ErrorKind::kUndecodable)) {
    return opened;
  }
  notices.push_back(opened.error().message() + "; made anew from the journal");
  ::unlink(index_path(directory).c_str());
  return Opening(directory, boot_id, notices).run(if_missing);
}

}  // namespace catena::ipam
