Feature: INSERT, FINISH, OFFSET, NODETACH, UNION DISTINCT

  @source:cypher/clauses/create#insert-as-synonym-of-create
  Scenario: [1] INSERT makes nodes and relationships
    Given an empty graph
    When executing query:
      """
      INSERT (a:A&B {x: 1})-[:R {y: 2}]->(:C)
      """
    Then the result should be empty
    And the side effects should be:
      | +nodes         | 2 |
      | +relationships | 1 |
      | +labels        | 3 |
      | +properties    | 2 |

  @source:cypher/clauses/create#insert-as-synonym-of-create
  Scenario: [2] INSERT of what was matched
    Given an empty graph
    And having executed:
      """
      CREATE (:A), (:B)
      """
    When executing query:
      """
      MATCH (a:A), (b:B) INSERT (a)-[:R]->(b) RETURN labels(a) AS a
      """
    Then the result should be, in any order:
      | a     |
      | ['A'] |
    And the side effects should be:
      | +relationships | 1 |

  @source:gql/13.2-insert-statement
  Scenario: [3] A label expression that is no list of labels
    Given an empty graph
    When executing query:
      """
      INSERT (:A|B)
      """
    Then a SyntaxError should be raised at compile time: *

  @source:cypher/clauses/finish
  Scenario: [4] A reading query that FINISHes has no rows
    Given an empty graph
    And having executed:
      """
      CREATE (:A), (:A)
      """
    When executing query:
      """
      MATCH (n:A) FINISH
      """
    Then the result should be empty
    And no side effects

  @source:cypher/clauses/finish
  Scenario: [5] A writing query that FINISHes
    Given an empty graph
    And having executed:
      """
      CREATE (:A)
      """
    When executing query:
      """
      MATCH (n:A) SET n.x = 1 FINISH
      """
    Then the result should be empty
    And the side effects should be:
      | +properties | 1 |

  @source:cypher/clauses/finish
  Scenario: [6] Nothing follows FINISH
    Given an empty graph
    When executing query:
      """
      MATCH (n) FINISH RETURN n
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  @source:cypher/clauses/union
  Scenario: [7] FINISH and RETURN are different columns
    Given an empty graph
    When executing query:
      """
      MATCH (n) FINISH UNION RETURN 1 AS x
      """
    Then a SyntaxError should be raised at compile time: DifferentColumnsInUnion

  @source:cypher/clauses/skip
  Scenario: [8] OFFSET is SKIP
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2, 3, 4] AS x RETURN x ORDER BY x OFFSET 1 LIMIT 2
      """
    Then the result should be, in order:
      | x |
      | 2 |
      | 3 |
    And no side effects

  @source:cypher/clauses/skip
  Scenario: [9] OFFSET of WITH
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2, 3, 4] AS x WITH x ORDER BY x DESC OFFSET 3 RETURN x
      """
    Then the result should be, in order:
      | x |
      | 1 |
    And no side effects

  @source:cypher/clauses/skip
  Scenario: [10] A negative OFFSET
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2] AS x RETURN x OFFSET -1
      """
    Then a SyntaxError should be raised at compile time: NegativeIntegerArgument

  @source:cypher/clauses/delete#delete-nodetach
  Scenario: [11] NODETACH DELETE takes a node without relationships
    Given an empty graph
    And having executed:
      """
      CREATE (:A)
      """
    When executing query:
      """
      MATCH (n:A) NODETACH DELETE n
      """
    Then the result should be empty
    And the side effects should be:
      | -nodes  | 1 |
      | -labels | 1 |

  @source:cypher/clauses/delete#delete-nodetach
  Scenario: [12] NODETACH DELETE leaves a connected node
    Given an empty graph
    And having executed:
      """
      CREATE (:A)-[:R]->()
      """
    When executing query:
      """
      MATCH (n:A) NODETACH DELETE n
      """
    Then a ConstraintVerificationFailed should be raised at runtime: DeleteConnectedNode

  @source:cypher/clauses/union#union-distinct
  Scenario: [13] UNION DISTINCT is UNION
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS x UNION DISTINCT RETURN 1 AS x
      """
    Then the result should be, in any order:
      | x |
      | 1 |
    And no side effects

  @source:cypher/clauses/union
  Scenario: [14] UNION DISTINCT and UNION ALL are not mixed
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS x UNION DISTINCT RETURN 1 AS x UNION ALL RETURN 1 AS x
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition
