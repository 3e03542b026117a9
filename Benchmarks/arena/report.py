"""What was measured, as docs/BENCHMARKS.md: ratios first, every table with its machine and settings."""
from statistics import median

from . import chart
from .clients import CLIENTS

COMMAND = 'make bench'
PARENT = 30  # MiB: a Python that has measured for a while


def middle(rows, key):
    return median(row[key] for row in rows)


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|---' + '|---:' * (len(head) - 1) + '|']
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows])


def label(pair):
    """`shoal:aria2` as people would say it."""
    if pair == 'limit':
        return 'limit program'
    seeder, leecher = (CLIENTS[name].name for name in pair.split(':'))
    return leecher if seeder == leecher else f'{seeder} → {leecher}'


def transfers(rows):
    """{pair: [row]} as a table, with the ratio of paired runs to the first pair's."""
    first = next(iter(rows))
    lines = []
    for pair, runs in rows.items():
        ratios = [mine['mibs'] / theirs['mibs'] for mine, theirs in zip(rows[first], runs)]
        peaks = '–' if pair == 'limit' else f'{middle(runs, "seeder_peak"):.0f} / {middle(runs, "leecher_peak"):.0f}'
        cpu = middle(runs, 'seeder_cpu') + middle(runs, 'leecher_cpu')
        lines.append([
            label(pair), f'{middle(runs, "mibs"):.0f}', f'{max(row["mibs"] for row in runs):.0f}', '1' if pair == first else f'**{median(ratios):.2f}**',
            f'{middle(runs, "seeder_cpu"):.2f} + {middle(runs, "leecher_cpu"):.2f} = {cpu:.2f}', peaks])
    return table(['seeder → leecher', 'MiB/s', 'at best', 'shoal is … times as fast', 'CPU-s/GiB', 'peak MiB'], lines)


def peak(mebibytes):
    """What a short process came to; it counts what it shared with its parent until it became itself."""
    return f'≤ {mebibytes:.0f}' if mebibytes < PARENT else f'{mebibytes:.0f}'


def creations(rows):
    first = next(iter(rows))
    return table(
        ['program', 'seconds', 'time beside shoal', 'CPU-s', 'peak MiB'],
        [[name, f'{middle(runs, "wall"):.2f}',
          '1' if name == first else f'**{median(b["wall"] / a["wall"] for a, b in zip(rows[first], runs)):.2f}**',
          f'{middle(runs, "cpu"):.2f}', peak(middle(runs, 'peak'))] for name, runs in rows.items()])


def crowds(rows):
    lines = []
    alone = None
    for name, runs in rows.items():
        gib = median(row['share'] / (row['bytes'] / (1 << 30)) for row in runs) if runs[0]['bytes'] else None
        alone = alone or gib
        peers = {'20 active': 20, '20 active of 500': 500, '2000 idle': 2000}[name]
        each = median((row['after'] - row['before']) * 1024 / peers for row in runs)
        lines.append([
            name, f'{100 * middle(runs, "share"):.2f} %', f'{gib:.2f}' if gib else '–',
            f'**{gib / alone:.2f}**' if gib else '–', f'{each:.1f}'])
    return table(['peers', 'of a core', 'CPU-s/GiB', 'beside 20 alone', 'KiB each'], lines)


def start_ups(rows):
    return table(['command', 'milliseconds', 'CPU-ms'],
                 [[name, f'{1000 * middle(runs, "wall"):.1f}', f'{1000 * middle(runs, "cpu"):.1f}']
                  for name, runs in rows.items()])


def settings():
    return '\n'.join(f'- **{client.name}**: {client.settings}.' for client in CLIENTS.values())


def usual_machine(results):
    """Where most parts were measured, and when."""
    machines = [part['machine'] for part in results.values() if isinstance(part, dict)]
    return max(machines, key=machines.count)


def day(part, usual):
    """What a part has to say of its own day."""
    machine = part['machine']
    return '' if machine == usual else f', {machine["date"]}, Linux {machine["kernel"]}'


def binary(results):
    """What shoal was: the binary that people install, or one that is linked with the machine's libraries
    and begins some milliseconds later."""
    shared = {part['machine']['date'] for part in results.values()
              if isinstance(part, dict) and not part['machine'].get('isAlone')}
    text = 'shoal is the one binary that `make dist` makes'
    if shared:
        text += f'; on {" and ".join(sorted(shared))}\nit was linked with shared libraries instead, and began some milliseconds later'
    return text + '.'


def document(results, profile):
    machine = usual_machine(results)
    parts = [f'''# Benchmarks

What a transfer takes, in time, processor and memory, beside the programs that people use for it, and
beside a program that does nothing but what has to be done. `{COMMAND}` installs those from Debian,
takes the measurements in turn (one run of each in a shuffled order, over and over, so that what else
the machine does meets all alike; the first round is dropped) and writes this page. Ratios are medians
of the paired runs; only they carry over to another machine.
{binary(results)}

Measured {machine["date"]}, where no other day is named: {machine["cpu"]}, {machine["cores"]} cores, {machine["memory"]} GiB,
{machine["system"]}, Linux {machine["kernel"]}; {results["runs"]} runs.

![rates beside others](benchmarks.svg)''']
    titles = {
        'tmpfs': 'One seeder, one leecher, in memory',
        'disk': 'One seeder, one leecher, on the disk',
        'large': 'The same with ten times the data',
        'six': 'One seeder, six leechers, rates added up',
        'cross': 'With others’ clients'}
    for key, title in titles.items():
        if key in results:
            part = results[key]
            count = min(len(runs) for runs in part['rows'].values())
            taken = '' if count == results['runs'] else f', {count} runs'
            taken += day(part, machine)
            parts.append(f'## {title}\n\n{part["size"]} MiB in pieces of 1 MiB{taken}.\n\n'
                         + transfers(part['rows']))
    if 'slow' in results:
        part = results['slow']
        parts.append(f'Transmission takes so long that it was given {part["size"]} MiB{day(part, machine)}:\n\n{transfers(part["rows"])}')
    if 'create' in results:
        parts.append(f'## Making a torrent\n\nOne file of {results["create"]["size"]} MiB{day(results["create"], machine)}:\n\n'
                     + creations(results['create']['rows']))
    if 'many' in results:
        parts.append(f'{results["many"]["count"]} files of 16 KiB{day(results["many"], machine)}:\n\n' + creations(results['many']['rows']))
    if 'crowd' in results:
        parts.append(f'## Many peers of one seed{day(results["crowd"], machine)}\n\n' + crowds(results['crowd']['rows']))
    if 'start' in results:
        parts.append(f'## Starting{day(results["start"], machine)}\n\n' + start_ups(results['start']['rows']))
    parts.append('## Settings\n\n' + settings())
    parts.append(profile)
    return '\n\n'.join(parts) + '\n'


def picture(results):
    bars = []
    for key, title in (('tmpfs', 'one leecher'), ('six', 'six leechers')):
        for pair, runs in results.get(key, {'rows': {}})['rows'].items():
            bars.append((title, label(pair), middle(runs, 'mibs'),
                         middle(runs, 'seeder_cpu') + middle(runs, 'leecher_cpu')))
    return chart.bars(bars)
