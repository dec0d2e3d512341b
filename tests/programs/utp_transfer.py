"""A file from one libtorrent session to another, over uTP on loopback; prints the port of the seed.
Usage: utp_transfer.py FOLDER BYTES"""

import os
import pathlib
import sys
import time

import libtorrent

SETTINGS = {"enable_incoming_tcp": False, "enable_outgoing_tcp": False, "enable_dht": False, "enable_lsd": False,
            "enable_upnp": False, "enable_natpmp": False, "allow_multiple_connections_per_ip": True,
            "listen_interfaces": "127.0.0.1:0"}


def start(torrent, folder):
    session = libtorrent.session(SETTINGS)
    return session, session.add_torrent({"ti": torrent, "save_path": str(folder)})


def main(folder, size):
    source, target = pathlib.Path(folder, "source"), pathlib.Path(folder, "target")
    source.mkdir()
    target.mkdir()
    source.joinpath("file").write_bytes(os.urandom(size))
    files = libtorrent.file_storage()
    libtorrent.add_files(files, str(source / "file"))
    made = libtorrent.create_torrent(files)
    libtorrent.set_piece_hashes(made, str(source))
    torrent = libtorrent.torrent_info(made.generate())

    seeding, seed = start(torrent, source)
    _leeching, leech = start(torrent, target)
    deadline = time.monotonic() + 60
    while not seed.status().is_seeding and time.monotonic() < deadline:
        time.sleep(0.1)
    leech.connect_peer(("127.0.0.1", seeding.listen_port()))
    while not leech.status().is_seeding and time.monotonic() < deadline:
        time.sleep(0.1)
    print(seeding.listen_port(), flush=True)
    same = target.joinpath("file").read_bytes() == source.joinpath("file").read_bytes()
    os._exit(0 if same else 1)  # else the sessions take seconds to say goodbye


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
