Feature: WHEN - conditional queries

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (alice:Person {name: 'Alice', age: 65}), (bob:Person {name: 'Bob', age: 25}),
        (charlie:Person {name: 'Charlie', age: 61}), (daniel:Person {name: 'Daniel', age: 39}),
        (eskil:Person {name: 'Eskil', age: 39}),
        (bob)-[:WORKS_FOR]->(alice), (alice)-[:WORKS_FOR]->(daniel), (charlie)-[:WORKS_FOR]->(daniel),
        (bob)-[:LOVES]->(eskil), (charlie)-[:LOVES]->(alice)
      """

  @source:cypher/queries/composed-queries/conditional-queries#standalone-when-logic
  Scenario Outline: [1] The first branch that holds
    When executing query:
      """
      WHEN <a> THEN RETURN 1 AS x
      WHEN <b> THEN RETURN 2 AS x
      ELSE RETURN 3 AS x
      """
    Then the result should be, in any order:
      | x   |
      | <x> |
    And no side effects

    Examples:
      | a     | b     | x |
      | false | true  | 2 |
      | true  | true  | 1 |
      | false | false | 3 |
      | null  | null  | 3 |
      | null  | 1 < 2 | 2 |

  @source:cypher/queries/composed-queries/conditional-queries#standalone-when-logic
  Scenario: [2] Without ELSE there may be no row
    When executing query:
      """
      WHEN false THEN RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
    And no side effects

  @source:cypher/queries/composed-queries/conditional-queries#standalone-when-logic
  Scenario: [3] Branches in braces
    When executing query:
      """
      WHEN true THEN {
        MATCH (n:Person) WHERE n.name STARTS WITH 'A' RETURN n.name AS name
      }
      ELSE {
        MATCH (n:Person) RETURN n.name AS name
      }
      """
    Then the result should be, in any order:
      | name    |
      | 'Alice' |
    And no side effects

  @source:cypher/queries/composed-queries/conditional-queries#conditional-subqueries
  Scenario: [4] In CALL, where rows without a branch go
    When executing query:
      """
      MATCH (n:Person)
      OPTIONAL MATCH (n)-[:WORKS_FOR]->(m:Person)
      CALL (*) {
        WHEN m IS NULL THEN {
          MERGE (f:Person {name: 'Peter', age: 36})
          MERGE (n)-[:WORKS_FOR]->(f)
          RETURN f, n.name AS employee
        }
      }
      RETURN f.name AS manager, collect(employee) AS employees
      """
    Then the result should be (ignoring element order for lists):
      | manager | employees           |
      | 'Peter' | ['Daniel', 'Eskil'] |
    And the side effects should be:
      | +nodes         | 1 |
      | +relationships | 2 |
      | +properties    | 2 |

  @source:cypher/queries/composed-queries/conditional-queries#conditional-subqueries
  Scenario: [5] Several of them, which see what those before changed
    When executing query:
      """
      MATCH (n:Person)
      OPTIONAL MATCH (n)-[r:WORKS_FOR]->(m:Person)
      CALL (*) {
        WHEN n.age > 60 THEN { SET n.ageGroup = 'Veteran' RETURN n.ageGroup AS ageGroup }
        WHEN n.age >= 35 AND n.age <= 59 THEN { SET n.ageGroup = 'Senior' RETURN n.ageGroup AS ageGroup }
        ELSE { SET n.ageGroup = 'Junior' RETURN n.ageGroup AS ageGroup }
      }
      WITH *
      CALL (*) {
        WHEN m.age > n.age THEN { RETURN collect([m.name, m.ageGroup]) AS manager }
      }
      RETURN n.name AS name, ageGroup, size(manager) AS n
      """
    Then the result should be, in any order:
      | name  | ageGroup | n |
      | 'Bob' | 'Junior' | 1 |
    And the side effects should be:
      | +properties | 5 |

  # Conditions are looked at before a branch changes anything.
  @source:definition
  Scenario: [6] One branch for each row, whatever it changes
    When executing query:
      """
      MATCH (n:Person {name: 'Bob'})
      CALL (n) {
        WHEN n.age < 30 THEN { SET n.age = 40 RETURN 1 AS b }
        WHEN n.age >= 30 THEN { SET n.age = 50 RETURN 2 AS b }
      }
      RETURN n.age AS age, b
      """
    Then the result should be, in any order:
      | age | b |
      | 40  | 1 |
    And the side effects should be:
      | +properties | 1 |
      | -properties | 1 |

  @source:cypher/queries/composed-queries/conditional-queries#conditional-subqueries
  Scenario: [7] In EXISTS
    When executing query:
      """
      MATCH (n:Person)
      WHERE EXISTS {
        WHEN n.age > 40 THEN { RETURN n.name AS x }
        ELSE { MATCH (n)-[:LOVES]->(x:Person) RETURN x }
      }
      RETURN n.name AS name, n.age AS age
      """
    Then the result should be, in any order:
      | name      | age |
      | 'Alice'   | 65  |
      | 'Charlie' | 61  |
      | 'Bob'     | 25  |
    And no side effects

  @source:cypher/queries/composed-queries/conditional-queries#combined-conditional-queries
  Scenario: [8] With UNION, in braces
    When executing query:
      """
      {
        WHEN true THEN RETURN 1 AS x
        WHEN false THEN RETURN 2 AS x
        ELSE RETURN 3 AS x
      }
      UNION
      {
        WHEN false THEN RETURN 4 AS x
        WHEN false THEN RETURN 5 AS x
        ELSE RETURN 6 AS x
      }
      """
    Then the result should be, in any order:
      | x |
      | 1 |
      | 6 |
    And no side effects

  @source:cypher/queries/composed-queries/combined-queries#combining-union-and-union-all
  Scenario: [9] UNION and UNION ALL, with braces
    When executing query:
      """
      { RETURN 1 AS x UNION RETURN 1 AS x } UNION ALL RETURN 1 AS x
      """
    Then the result should be, in any order:
      | x |
      | 1 |
      | 1 |
    And no side effects

  @source:cypher/queries/composed-queries/conditional-queries#conditional-rules
  Scenario Outline: [10] Branches with different columns
    When executing query:
      """
      WHEN true THEN RETURN <a> ELSE RETURN <b>
      """
    Then a SyntaxError should be raised at compile time: DifferentColumnsInUnion

    Examples:
      | a              | b      |
      | 2 AS x         | 3 AS y |
      | 2 AS x, 3 AS y | 3 AS x |

  @source:cypher/queries/composed-queries/conditional-queries#conditional-rules
  Scenario: [11] WHEN is no clause
    When executing query:
      """
      MATCH (n) WHEN n IS NULL THEN { CREATE (:A) } RETURN n
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  Scenario Outline: [12] What the branches do not take
    When executing query:
      """
      WHEN true THEN <a> ELSE <b>
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

    @source:definition
    Examples:
      | a                  | b               |
      | RETURN 1 AS x      | CREATE (:A)     |
      | MATCH (n) RETURN * | RETURN 1 AS n   |
      | MATCH (n)          | RETURN 1 AS n   |

  @source:definition
  Scenario: [13] A conditional query in a branch of another one, and a column with the name of what comes in
    When executing query:
      """
      MATCH (n:Person)
      CALL (n) {
        WHEN n.age > 60 THEN RETURN 'old' AS x
        ELSE { WHEN n.age > 30 THEN RETURN 'middle' AS x ELSE RETURN toUpper(n.name) AS x ORDER BY x LIMIT 1 }
      }
      RETURN n.name AS name, x
      """
    Then the result should be, in any order:
      | name      | x        |
      | 'Alice'   | 'old'    |
      | 'Bob'     | 'BOB'    |
      | 'Charlie' | 'old'    |
      | 'Daniel'  | 'middle' |
      | 'Eskil'   | 'middle' |
    And no side effects

  @source:definition
  Scenario: [14] Branches that only change the graph
    When executing query:
      """
      MATCH (n:Person) CALL (n) { WHEN n.age > 60 THEN { SET n.old = true } ELSE { CREATE (:Young {of: n.name}) } }
      RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 5 |
    And the side effects should be:
      | +nodes      | 3 |
      | +labels     | 1 |
      | +properties | 5 |

  # The manual passes the whole table to braces; a union in them is as one behind NEXT.
  @source:kgql/next
  Scenario: [15] A union in braces behind NEXT
    When executing query:
      """
      WHEN true THEN RETURN 1 AS z, 2 AS a ELSE RETURN 3 AS z, 4 AS a
      NEXT
      { RETURN z, a UNION RETURN z, a }
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax
