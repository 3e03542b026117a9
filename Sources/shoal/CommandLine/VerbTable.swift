extension Shoal {
  /// Every verb, in the order of the overview.
  ///
  /// A new verb is one file in `Commands/` that declares it, `extension Verb { static let name }`,
  /// and its name here. The declaration is all that the parser, the suggestions, the help pages,
  /// the shell completions and the manual page know of it.
  static let verbs: [Verb] = [
    .share,
    .get,
    .seed,
    .create,
    .show,
    .magnet,
    .verify,
    .edit,
    .tracker,
    .trackerUserAdd,
    .trackerUserList,
    .trackerUserRevoke,
    .trackerUserRotate,
    .trackerUserLimit,
    .trackerTorrentAdd,
    .trackerTorrentRemove,
    .trackerTorrentList,
    .trackerTorrentExport,
    .trackerStats,
    .search,
    .ringServe,
    .ringStatus,
    .ringLookup,
    .ringPublish,
    .ringSearch,
    .simulate,
    .completion,
    .help,
  ]
}
