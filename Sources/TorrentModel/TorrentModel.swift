// TorrentModel
