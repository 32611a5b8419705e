// Runs cases with pgjdbc, over the extended protocol, with binary results for the types that the driver supports:
// javac -d CLASSES Jdbc.java; java -cp CLASSES:postgresql.jar Jdbc < CASES
//
// CASES has one case per line: a name, a tab, and the query. For each case it writes a line "case" with name and error, a
// line "types" with the type of each column, and a line "row" for each row. Fields are separated by tabs, and NULL is \N,
// as in COPY. The server is set by JDBC_URL. DISCARD ALL is sent between cases.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;

public class Jdbc {
	private static final PrintStream out = new PrintStream(System.out, false, java.nio.charset.StandardCharsets.UTF_8);

	private static String escape(String value) {
		if (value == null)
			return "\\N";
		return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
	}

	private static void write(List<String> fields) {
		StringBuilder line = new StringBuilder();
		for (String field : fields)
			line.append(line.length() > 0 ? "\t" : "").append(escape(field));
		out.print(line + "\n");
	}

	// the value, read as the type that a Java program would use
	private static String value(ResultSet rows, int column, int type) throws SQLException {
		Object value = switch (type) {
			case Types.NUMERIC -> rows.getBigDecimal(column);
			case Types.BIGINT -> rows.getLong(column);
			case Types.INTEGER -> rows.getInt(column);
			case Types.DATE -> rows.getObject(column, java.time.LocalDate.class);
			case Types.TIMESTAMP -> rows.getObject(column, java.time.LocalDateTime.class);
			default -> rows.getString(column);
		};
		if (rows.wasNull() || value == null)
			return null;
		if (value instanceof java.math.BigDecimal number)
			return number.toPlainString();
		if (value instanceof java.time.LocalDateTime time) {
			String text = time.toString().replace('T', ' ');
			return (text.length() == 16 ? text + ":00" : text).replaceAll("(\\.\\d*?)0+$", "$1");
		}
		return value.toString();
	}

	public static void main(String[] arguments) throws Exception {
		Class.forName("org.postgresql.Driver");
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, java.nio.charset.StandardCharsets.UTF_8));

		try (Connection connection = DriverManager.getConnection(System.getenv("JDBC_URL"))) {
			String line;
			while ((line = in.readLine()) != null) {
				String[] parts = line.split("\t", 2);
				try (Statement reset = connection.createStatement()) {
					reset.execute("DISCARD ALL");
				}
				try (PreparedStatement statement = connection.prepareStatement(parts[1].replace("?", "??")); ResultSet rows = statement.executeQuery()) {
					ResultSetMetaData columns = rows.getMetaData();
					List<String> types = new ArrayList<>(List.of("types"));
					write(List.of("case", parts[0], ""));
					for (int i = 1; i <= columns.getColumnCount(); i++)
						types.add(columns.getColumnTypeName(i));
					write(types);
					while (rows.next()) {
						List<String> row = new ArrayList<>(List.of("row"));
						for (int i = 1; i <= columns.getColumnCount(); i++)
							row.add(value(rows, i, columns.getColumnType(i)));
						write(row);
					}
				} catch (SQLException error) {
					write(List.of("case", parts[0], error.getSQLState() + ": " + error.getMessage()));
				}
			}
		}
		out.flush();
	}
}
