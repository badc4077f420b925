using System.Text;

namespace CniTun.Ctl;

/// <summary>Rows under headings, each column as wide as its widest cell; nothing at all without rows.</summary>
internal sealed class TextTable(params string[] headings)
{
    private const string Gap = "  ";
    private readonly List<string[]> rows = [];

    public bool IsEmpty => rows.Count == 0;

    public void Add(params string[] cells) => rows.Add(cells);

    public void AppendTo(StringBuilder text)
    {
        if (IsEmpty)
        {
            return;
        }

        foreach (var row in rows.Prepend(headings))
        {
            var line = new StringBuilder();
            for (var column = 0; column < headings.Length; column++)
            {
                var width = rows.Prepend(headings).Max(cells => cells[column].Length);
                line.Append(row[column].PadRight(width)).Append(Gap);
            }

            text.Append(line.ToString().TrimEnd()).Append('\n');
        }
    }
}
